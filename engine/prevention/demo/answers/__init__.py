"""What the officials of the demo fill in."""
