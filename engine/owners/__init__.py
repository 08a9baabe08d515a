"""The process owners' workshop."""
