"""Sampling by province, city or county, that anybody can draw again (R39)."""
