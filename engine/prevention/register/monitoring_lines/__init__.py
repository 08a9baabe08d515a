"""The year's reference income (R01): which is in force, how one is set, what another would change."""
