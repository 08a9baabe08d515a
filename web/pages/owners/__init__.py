"""The process owners' pages."""
