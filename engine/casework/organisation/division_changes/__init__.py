"""A later list of divisions: planned, shown with what hangs on it, then done in one transaction."""
