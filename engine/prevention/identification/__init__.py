"""Identification: clues, matching, public notices and announcements (R06–R16)."""
