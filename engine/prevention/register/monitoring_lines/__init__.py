"""The year's reference income (R01): which line is in force, how one is set, what another one would change."""
