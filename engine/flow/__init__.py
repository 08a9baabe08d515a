"""The kernel: procedures, without database, person, place or field."""
