"""规模性风险: hazards, clues for an area at once, areas to watch (R30–R33)."""
