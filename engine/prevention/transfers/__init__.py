"""Handing a household over to another place: offered, then accepted or refused, or taken back (S24)."""
