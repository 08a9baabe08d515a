"""Backups: everything that an installation keeps, in one sealed file that any database can be filled from.

`taking` writes one while people work, `restoring` fills an empty database from it, `archive` reads it whole
without any. SQLite and PostgreSQL write the same file: rows, table by table, at the revision of the tables
that they were read from.
"""
