"""Accounts by the thousand: a table is checked whole, confirmed, and worked off in portions."""
