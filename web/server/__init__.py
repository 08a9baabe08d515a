"""The running server: its settings, its database, its clock and what it does by itself."""
