"""The field's tables."""
