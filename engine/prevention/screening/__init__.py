"""A row for each household: what was found, what follows from it, its papers (R03 to R05)."""
