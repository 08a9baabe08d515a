"""The households of a campaign, one row each: what was found, what follows from it, its papers (R03 to R05)."""
