"""Data quality: what is checked, what is found, what is corrected (R34–R39)."""
