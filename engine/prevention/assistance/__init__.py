"""Assistance: responsible officials, plans and measures (R17–R22)."""
