"""集中标注、应消不消、数目雷同: facts for supervisors to look at, never aims (R02; Q57, T23)."""
