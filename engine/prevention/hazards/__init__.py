"""Large-scale risk (R30–R33): hazards, what departments say, plans and measures, clues at once, areas to watch."""
