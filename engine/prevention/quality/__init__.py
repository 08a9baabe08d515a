"""Verification of data: what rules and samples find wrong, and how it is put right (R34, R35, R39)."""
