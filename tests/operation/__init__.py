"""The system as it is run: processes of its own, started, stopped and killed."""
