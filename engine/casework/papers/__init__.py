"""Official papers (F7, F10; R10–R14): composed from the cases, numbered when issued, kept as issued; page,
Word and PDF.
"""
