"""What every floor stands on: clock, errors, texts, tables. It knows nothing of procedures."""
