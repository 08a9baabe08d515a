"""Files of rows, let in by portions: read, their columns mapped, everything checked, then written.

What a kind of file has for columns, and what its rows become, its room in the field says (`kinds`).
"""
