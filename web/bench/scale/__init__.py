"""A province in the database within minutes, and how long its lists take.

The demo's households go through the real runtime; `stories` reads each with all that hangs on it, `telling`
tells it again of other people in other villages, `bulk` writes rows as fast as each database takes them.
"""
