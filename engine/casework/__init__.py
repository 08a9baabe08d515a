"""Cases of a subject in a tree of divisions, on SQL."""
