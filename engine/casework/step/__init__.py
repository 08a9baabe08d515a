"""The step transaction: everything that moves a case goes through it."""
