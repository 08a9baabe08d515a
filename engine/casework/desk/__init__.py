"""What officials find: inbox, case pages, lamps."""
