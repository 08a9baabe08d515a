"""A concentrated check as a whole: opened, dated, divided, and how far every division is (R03, R37)."""
