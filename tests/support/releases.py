"""Databases of earlier releases, as an installation left them: what an upgrade is tried on.

`<release>.sqlite.xz` is the file of an installation on SQLite; `<release>.postgresql.sql.xz` is what pg_dump
writes. Both hold a county of invented households with cases at every stage.
"""

from __future__ import annotations

import lzma
from pathlib import Path

import psycopg

FOLDER = Path(__file__).parent.parent / "fixtures" / "releases"


def restore(url: str, release: str) -> None:
    """Put the kept database of `release` at `url`: a file that is not there yet, or an empty database."""
    if url.startswith("sqlite:///"):
        body = lzma.decompress((FOLDER / f"{release}.sqlite.xz").read_bytes())
        Path(url.removeprefix("sqlite:///")).write_bytes(body)
        return
    dump = lzma.decompress((FOLDER / f"{release}.postgresql.sql.xz").read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(dump)
