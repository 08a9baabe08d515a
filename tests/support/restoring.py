"""Putting a PostgreSQL database back as it was installed, for the next test.

Beside its tables, in a schema of its own, lie the rows that they had when it was installed. What changes
tables themselves, or those that are too large to keep a copy of, is noted; such a database is not put back.
"""

from __future__ import annotations

import psycopg

LARGE = 1_000
"""Rows from which a table is watched instead of kept a second time: the divisions of a province."""
GROWN = 4_000_000
"""Bytes of tables that were kept and have grown: what rows leave behind would slow later tests down."""

_PREPARE = f"""
CREATE SCHEMA kept;
CREATE TABLE kept.touched (what text);
CREATE FUNCTION kept.touch() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO kept.touched VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
CREATE FUNCTION kept.changed() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO kept.touched VALUES (tg_tag); END $$;
CREATE TABLE kept.sequences AS
    SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) AS name, last_value
    FROM pg_sequences WHERE schemaname = 'public';
CREATE TABLE kept.tables (name text, filled boolean);
DO $$
DECLARE one text; rows bigint;
BEGIN
    FOR one IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'SELECT count(*) FROM public.' || one INTO rows;
        IF rows > {LARGE} THEN
            EXECUTE 'CREATE TRIGGER touched AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.' || one
                || ' FOR EACH STATEMENT EXECUTE FUNCTION kept.touch()';
        ELSE
            INSERT INTO kept.tables VALUES (one, rows > 0);
            EXECUTE 'CREATE TABLE kept.' || one || ' AS SELECT * FROM public.' || one;
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION kept.restore() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE one record; found boolean;
BEGIN
    IF EXISTS (SELECT 1 FROM kept.touched) THEN RETURN false; END IF;
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT * FROM kept.tables LOOP
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM public.' || one.name || ')' INTO found;
        IF found THEN EXECUTE 'DELETE FROM public.' || one.name; END IF;
        IF one.filled THEN
            EXECUTE 'INSERT INTO public.' || one.name || ' OVERRIDING SYSTEM VALUE SELECT * FROM kept.'
                || one.name;
        END IF;
    END LOOP;
    FOR one IN SELECT * FROM kept.sequences LOOP
        PERFORM setval(one.name::regclass, coalesce(one.last_value, 1), one.last_value IS NOT NULL);
    END LOOP;
    RETURN (SELECT sum(pg_relation_size(('public.' || name)::regclass)) FROM kept.tables) < {GROWN};
END $$;
CREATE EVENT TRIGGER changed ON ddl_command_end EXECUTE FUNCTION kept.changed();
"""


def prepare(url: str) -> None:
    """Keep what an installed database holds, and watch what is not kept."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PREPARE)  # type: ignore[arg-type]


def restored(url: str) -> bool:
    """Put the database back as it was installed; whether it is that again.

    Whoever is still connected is cut off.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database() AND backend_type = 'client backend'"
        )
        found = connection.execute("SELECT kept.restore()").fetchone()
    return bool(found and found[0])
