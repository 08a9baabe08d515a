"""The summary of concentrated checks that goes up to the province, with its figures (R40, domain S9)."""
