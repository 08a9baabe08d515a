"""Procedures in the words of people: handbook, differences, wording."""
