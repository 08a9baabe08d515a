"""The concentrated check as a whole: its opening, dates, areas and how far every division has come (R03, R37)."""
