"""Putting a database where it stood: as it was installed, or where many stories begin.

Beside a PostgreSQL database's tables, in schemas of their own, lie the rows that they had when it was
installed (``kept``) and when a household had been approved (``begun``). What changes tables themselves, or
those that are too large to keep a copy of, is noted; such a database is not put back. What others keep in
schemas of their own (the queue of jobs) is empty when installed. For SQLite the rows lie in files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import psycopg

NOTED = "open_change"
"""The table that SQLite itself writes to as rows of others come in: it is put back last."""
LARGE = 1_000
"""Rows from which a table is watched instead of kept a second time: the divisions of a province."""
GROWN = 4_000_000
"""Bytes of tables that were kept and have grown: what rows leave behind would slow later tests down."""

_PREPARE = f"""
CREATE SCHEMA kept;
CREATE SCHEMA begun;
CREATE TABLE kept.touched (what text);
CREATE TABLE kept.tables (name text);
CREATE FUNCTION kept.touch() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO kept.touched VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
CREATE FUNCTION kept.changed() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO kept.touched VALUES (tg_tag); END $$;
DO $$
DECLARE one text; rows bigint;
BEGIN
    FOR one IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'SELECT count(*) FROM public.' || one INTO rows;
        IF rows > {LARGE} THEN
            EXECUTE 'CREATE TRIGGER touched AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.' || one
                || ' FOR EACH STATEMENT EXECUTE FUNCTION kept.touch()';
        ELSE
            INSERT INTO kept.tables VALUES (one);
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION kept.keep(place text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one text; filled boolean;
BEGIN
    EXECUTE format('CREATE TABLE %I.filled (name text)', place);
    EXECUTE format('CREATE TABLE %I.sequences AS SELECT quote_ident(sequencename) AS name, last_value, '
        'start_value FROM pg_sequences WHERE schemaname = ''public''', place);
    FOR one IN SELECT name FROM kept.tables LOOP
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM public.' || one || ')' INTO filled;
        IF filled THEN
            EXECUTE format('INSERT INTO %I.filled VALUES (%L)', place, one);
            EXECUTE format('CREATE TABLE %I.', place) || one || ' AS SELECT * FROM public.' || one;
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION kept.put(place text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one record; found boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT name FROM kept.tables LOOP
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM public.' || one.name || ')' INTO found;
        IF found THEN EXECUTE 'DELETE FROM public.' || one.name; END IF;
    END LOOP;
    FOR one IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('public', 'kept', 'begun', 'pg_catalog', 'information_schema') LOOP
        EXECUTE 'DELETE FROM ' || one.name;
    END LOOP;
    FOR one IN EXECUTE format('SELECT name FROM %I.filled', place) LOOP
        EXECUTE 'INSERT INTO public.' || one.name || ' OVERRIDING SYSTEM VALUE SELECT * FROM '
            || format('%I.', place) || one.name;
    END LOOP;
    FOR one IN EXECUTE format('SELECT name, last_value, start_value FROM %I.sequences', place) LOOP
        PERFORM setval(('public.' || one.name)::regclass, coalesce(one.last_value, one.start_value),
            one.last_value IS NOT NULL);
    END LOOP;
END $$;
CREATE FUNCTION kept.restore() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM kept.touched) THEN RETURN false; END IF;
    PERFORM kept.put('kept');
    RETURN (SELECT sum(pg_relation_size(('public.' || name)::regclass)) FROM kept.tables) < {GROWN};
END $$;
CREATE FUNCTION kept.untouched() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE one text; filled boolean; is_kept boolean; present text; before text;
BEGIN
    IF EXISTS (SELECT 1 FROM kept.touched) THEN RETURN false; END IF;
    FOR one, is_kept IN SELECT name, name IN (SELECT name FROM kept.filled) FROM kept.tables LOOP
        IF is_kept THEN
            EXECUTE 'SELECT md5(string_agg(x::text, '','' ORDER BY x::text)) FROM public.' || one || ' x'
                INTO present;
            EXECUTE 'SELECT md5(string_agg(x::text, '','' ORDER BY x::text)) FROM kept.' || one || ' x'
                INTO before;
            IF present IS DISTINCT FROM before THEN RETURN false; END IF;
        ELSE
            EXECUTE 'SELECT EXISTS (SELECT 1 FROM public.' || one || ')' INTO filled;
            IF filled THEN RETURN false; END IF;
        END IF;
    END LOOP;
    RETURN true;
END $$;
SELECT kept.keep('kept');
"""
_WATCH = """
SELECT kept.keep('begun');
SELECT kept.put('kept');
TRUNCATE kept.touched;
CREATE EVENT TRIGGER changed ON ddl_command_end EXECUTE FUNCTION kept.changed();
"""
_CUT_OFF = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    "AND datname = current_database() AND backend_type = 'client backend'"
)


def prepare(url: str, begin: Callable[[str], None]) -> None:
    """Keep what an installed PostgreSQL database holds and where `begin` leads it; watch what is not kept."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PREPARE)  # type: ignore[arg-type]
        begin(url)
        connection.execute(_WATCH)


def restored(url: str) -> bool:
    """Put the PostgreSQL database back as it was installed; whether it is that again.

    Whoever is still connected is cut off.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_CUT_OFF)
        found = connection.execute("SELECT kept.restore()").fetchone()
    return bool(found and found[0])


def begun(url: str) -> bool:
    """Put a PostgreSQL database that nobody has written to where stories begin; whether it is there now."""
    with psycopg.connect(url) as connection:
        ready = "SELECT to_regprocedure('kept.untouched()') IS NOT NULL"
        for asked in (ready, "SELECT kept.untouched()"):
            found = connection.execute(asked).fetchone()
            if not (found and found[0]):
                return False
        connection.execute("SELECT kept.put('begun')")
    return True


# -- SQLite ----------------------------------------------------------------------------------------


def begun_file(path: Path, template: Path, begins: Path) -> bool:
    """As `begun`, for the SQLite database at `path`: the installed one is `template`, the other `begins`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("ATTACH ? AS kept", (str(template),))
        connection.execute("ATTACH ? AS begun", (str(begins),))
        connection.execute("BEGIN IMMEDIATE")
        if not _same_tables(connection) or any(_differs(connection, one) for one in _small(template)):
            connection.execute("ROLLBACK")
            return False
        for one in (*_small(template), NOTED):
            connection.execute(f'DELETE FROM main."{one}"')
            connection.execute(f'INSERT INTO main."{one}" SELECT * FROM begun."{one}"')
        connection.execute("COMMIT")
    return True


def _same_tables(connection: sqlite3.Connection) -> bool:
    shapes = "SELECT name, sql FROM {}.sqlite_schema ORDER BY name"
    main, kept = (connection.execute(shapes.format(one)).fetchall() for one in ("main", "kept"))
    return main == kept


def _differs(connection: sqlite3.Connection, one: str) -> bool:
    more = f'SELECT EXISTS (SELECT * FROM main."{one}" EXCEPT SELECT * FROM kept."{one}")'
    count = f'SELECT (SELECT count(*) FROM main."{one}") <> (SELECT count(*) FROM kept."{one}")'
    return any(connection.execute(asked).fetchone()[0] for asked in (count, more))


@cache
def _small(template: Path) -> tuple[str, ...]:
    """The tables that have few rows when installed."""
    with closing(sqlite3.connect(template)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        sizes = {one: connection.execute(f'SELECT count(*) FROM "{one}"').fetchone()[0] for (one,) in names}
    return tuple(one for one, size in sizes.items() if size <= LARGE)
