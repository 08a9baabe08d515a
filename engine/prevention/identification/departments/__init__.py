"""Departments: what they send of people (R06, R32), and who they are."""
