"""The running server: its settings, its database, its clock and what it does by itself."""

VERSION = "0.1.0"
"""The release, as in pyproject.toml."""
