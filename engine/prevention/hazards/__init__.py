"""Large-scale risk (R30–R33): hazards and their answers, clues at once, areas to watch."""
