"""The tables of a database: made by migrations, brought up from an earlier release,
refused when they are not ours.
"""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import Engine, MetaData, select

from engine.casework import audit, definitions
from engine.casework.audit import verification
from engine.casework.models import CaseFile, Incident
from engine.casework.step import reading
from engine.casework.step.submissions import submissions_of
from engine.casework.time import timers
from engine.flow.replay import Replay, inputs_of
from engine.ground.database import create_engine
from engine.ground.tables import Base
from engine.migrations import schema
from engine.prevention.models import Household, ResponsibleOfficial
from engine.prevention.quality import parameters
from engine.prevention.quality.rules.parameters import NUMBERS
from tests.support import databases, releases
from tests.support.client import application, signed_in
from tests.support.template import VILLAGE
from tests.support.walking import Walk
from tests.support.world import World
from web.cli import main

RELEASES = sorted({path.name.partition(".sqlite")[0] for path in releases.FOLDER.glob("*.sqlite.xz")})


KINDS = ["sqlite", "postgresql"]


def empty(kind: str, folder: Path, stack: ExitStack) -> str:
    """The address of a database without a table, which lasts as long as the stack."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'kept.sqlite'}"
    return stack.enter_context(databases.empty())


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    with ExitStack() as stack:
        yield empty(request.param, tmp_path, stack)


@pytest.fixture(
    scope="module", params=[(kind, release) for release in RELEASES for kind in KINDS], ids="-".join
)
def upgraded_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The kept database of a release, upgraded once for the tests that look at it;
    the last of them works on it.
    """
    kind, release = request.param
    with ExitStack() as stack:
        url = empty(kind, tmp_path_factory.mktemp("kept"), stack)
        releases.restore(url, release)
        for words in (("serve",), ("worker",), ("audit", "verify")):
            refused, said = run(url, *words)
            assert refused == 1 and "shouwang db upgrade" in said
        assert run(url, "db", "upgrade")[0] == 0
        yield url


def differences(engine: Engine) -> list[object]:
    """In what the database's tables are not those that the models describe."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def run(url: str, *words: str) -> tuple[int, str]:
    """`shouwang` with these words; its exit code and what it said."""
    answer = CliRunner().invoke(main, list(words), env={"SHOUWANG_DATABASE_URL": url})
    return answer.exit_code, answer.output


@pytest.mark.filterwarnings("ignore:.*expression-based index.*")
def test_the_migrations_make_what_the_models_describe(world: World) -> None:
    assert differences(world.engine) == []


def contents(url: str) -> dict[str, str]:
    """A digest of every table's rows, its version included."""
    engine, found = create_engine(url), {}
    tables = MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        for table in tables.tables.values():
            rows = sorted(map(repr, connection.execute(select(table)).all()))
            found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    engine.dispose()
    return found


def indices(url: str) -> dict[str, str]:
    """Every index that somebody named, with its columns, its order and its condition."""
    asked = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(asked[engine.dialect.name]).all()
    engine.dispose()
    # PostgreSQL writes a cast in another place after a restore
    return {name: " ".join(re.sub(r"::[a-z ]+(\[\])?|[()]", "", made).split()) for name, made in rows}


@pytest.mark.filterwarnings("ignore:.*expression-based index.*")
def test_a_kept_database_is_upgraded_once(upgraded_url: str) -> None:
    before = contents(upgraded_url)
    assert run(upgraded_url, "db", "upgrade")[0] == 0
    assert contents(upgraded_url) == before, "a second upgrade changes nothing"
    engine = create_engine(upgraded_url)
    assert differences(engine) == []
    engine.dispose()
    assert run(upgraded_url, "audit", "verify") == (0, "日志完整。\n")


def test_an_upgraded_database_has_every_index_of_a_new_one(upgraded_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        new = empty(upgraded_url.partition(":")[0], tmp_path, stack)
        engine = create_engine(new)
        schema.upgrade(engine)
        engine.dispose()
        assert indices(upgraded_url) == indices(new)
    assert "ix_work_item_inbox" in indices(upgraded_url)


def test_every_kept_case_goes_on_to_its_end(upgraded_url: str) -> None:
    """From each place where one stands, through the product's own acts;
    its history still tells how it got there.
    """
    walk = Walk(upgraded_url)
    places = walk.places()
    assert len(places) > 30 and {"rollback", "clearance", "assistance"} < {
        procedure for procedure, _ in places
    }
    walk.to_the_end(places.values())
    left = walk.session.scalars(select(Incident).where(Incident.resolved_at.is_(None))).all()
    assert left == [] and list(verification.verify(walk.session)) == []
    for case_id in set(places.values()):
        case = walk.session.get_one(CaseFile, case_id)
        definition = definitions.load(walk.session, case.version_id)
        inputs = inputs_of(audit.history(walk.session, case_id))
        again = Replay(
            definition, inputs, submissions_of(walk.session, case_id), lambda day, count: day
        ).run()
        assert again.canonical() == reading.instance_of(walk.session, case).canonical()
    walk.close()


@pytest.mark.duty("R18")
def test_every_kept_official_stands_beside_the_village_of_the_household(upgraded_url: str) -> None:
    world = World(upgraded_url)
    beside = select(ResponsibleOfficial.village_code, Household.village_code).join(Household)
    places = world.session.execute(beside).all()
    assert places and all(kept == lived for kept, lived in places)
    world.close()


def test_pages_read_what_an_earlier_release_stored(upgraded_url: str) -> None:
    world = World(upgraded_url)
    app = application(world)
    worked = {case.id: case.household_id for case in world.session.scalars(select(CaseFile))}
    county, supervisor = (signed_in(app, world.official(name)) for name in ("xianji", "ducha"))
    cases = list(worked)[::12]
    paths = [path for number in cases for path in (f"/cases/{number}", f"/cases/{number}/archive")]
    paths += [f"/households/{worked[number]}" for number in cases]
    for path in (
        *paths,
        "/todo",
        "/done",
        "/clues",
        "/measures",
        "/papers",
        "/batches",
        "/bell",
        "/officials",
    ):
        assert county.get(path).status_code == 200, path
    for path in ("/supervision", "/statistics"):
        assert supervisor.get(path).status_code == 200, path
    world.close()


CUT = """
import os, signal, sys
from sqlalchemy import event
from engine.migrations import schema
from engine.ground.database import create_engine
engine = create_engine(sys.argv[1])
@event.listens_for(engine, "before_cursor_execute")
def cut(connection, cursor, statement, *rest):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)
schema.upgrade(engine)
"""


@pytest.mark.filterwarnings("ignore:.*expression-based index.*")
@pytest.mark.parametrize("statement", ["CREATE TABLE correction", "INSERT INTO notification_rule"])
def test_an_upgrade_that_was_cut_off_left_nothing_and_is_repeated(empty_url: str, statement: str) -> None:
    releases.restore(empty_url, "0.1.0")
    before = contents(empty_url)
    killed = subprocess.run([sys.executable, "-c", CUT, empty_url, statement], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert contents(empty_url) == before
    assert run(empty_url, "db", "upgrade")[0] == 0
    assert run(empty_url, "audit", "verify")[0] == 0


def test_tables_of_others_and_of_newer_releases_are_left_alone(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ledger (id INTEGER PRIMARY KEY)")
    for command in ("upgrade", "create"):
        refused, said = run(empty_url, "db", command)
        assert refused == 1 and "不是守望建的" in said
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE ledger")
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for words in (("db", "upgrade"), ("db", "create"), ("serve",), ("worker",), ("user", "email", "cun")):
        refused, said = run(empty_url, *words)
        assert refused == 1 and "更新的版本" in said and "Traceback" not in said


def test_an_empty_database_is_told_to_be_created_first(empty_url: str) -> None:
    for words in (("serve",), ("worker",), ("db", "upgrade"), ("audit", "verify"), ("user", "email", "cun")):
        refused, said = run(empty_url, *words)
        assert refused == 1 and "shouwang db create" in said


ODD = """
UPDATE member SET id_number = '41990119750308123x' WHERE id = 1;
UPDATE member SET id_number = '４１９９０１１９７５０３０８１２３Ｘ' WHERE id = 5;
UPDATE member SET id_number = ' 419901 19750308 123X ' WHERE id = 9;
UPDATE member SET name = ' ', id_number = '' WHERE id = 13;
UPDATE household SET phone = '+86 199-8113-6736', head_id_number = '', address = '㍿' WHERE id = 2;
DELETE FROM member WHERE household_id = {bare};
INSERT INTO draft (work_item_id, account_id, data, saved_at)
    VALUES ({item}, 1, '{{"members": null, "wage": "许多", "gone": [{{}}]}}', '2022-06-20 01:00:00+00:00');
UPDATE timer SET status = 'failed' WHERE id = {timer};
INSERT INTO incident (case_id, timer_id, element_id, error, trace, attempts, at)
    VALUES ({waiting}, {timer}, 'notice_over', 'OSError', '', 1, '2022-06-20 01:00:00+00:00');
UPDATE account SET username = 'Cunji' WHERE username = 'shenji';
UPDATE account SET username = 'ＣＵＮＪＩ' WHERE username = 'anquan';
UPDATE account SET username = 'Xitong' WHERE username = 'xitong';
INSERT INTO idempotency (key, account_id, work_item_id, result, at)
    VALUES ('bulk:7:{item}', 1, {item}, '{{}}', '2022-06-20 01:00:00+00:00'),
        ('bulk:', 1, {item}, '{{}}', '2022-06-20 01:00:00+00:00'),
        ('bulk:a1', 1, {item}, '{{}}', '2022-06-20 01:00:00+00:00'),
        ('bulk:b1', 1, {item}, '{{}}', '2022-06-20 01:00:00+00:00'),
        ('bulk:{long}:{item}', 1, {item}, '{{}}', '2022-06-20 01:00:00+00:00');
INSERT INTO setting (key, value) VALUES ('quality.update_months', '18'), ('quality.equal_years', '2');
"""
"""What a person typed, a programme chose or a broken disk left in an installation of 0.1.0."""


def spoil(url: str) -> tuple[int, int]:
    """Write odd data into the database; answers a case whose household
    has no members and one whose timer failed.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        ask = connection.exec_driver_sql
        verify = (
            "SELECT case_id, id FROM work_item WHERE status = 'open' AND element_id = 'verify' ORDER BY id"
        )
        first, item = ask(verify).all()[0]
        bare = ask(f"SELECT household_id FROM case_file WHERE id = {first}").scalar_one()
        event = "SELECT id, case_id FROM timer WHERE status = 'waiting' AND kind = 'event' ORDER BY id"
        timer, waiting = ask(event).all()[0]
        for statement in ODD.format(bare=bare, item=item, timer=timer, waiting=waiting, long="x" * 60).split(
            ";\n"
        ):
            if statement.strip():
                ask(statement)
    engine.dispose()
    return first, waiting


def test_odd_data_of_an_earlier_release_is_taken_along(
    empty_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    releases.restore(empty_url, "0.1.0")
    bare, waiting = spoil(empty_url)
    assert run(empty_url, "db", "upgrade")[0] == 0
    assert "登录名“Cunji”和“cunji”只是写法不同，前者已改为“cunji-3”" in caplog.text
    walk = Walk(empty_url)
    ask = walk.session.connection().exec_driver_sql
    names = set(ask("SELECT username FROM account").scalars())
    assert {"cunji", "cunji-2", "cunji-3", "xitong"} <= names
    assert ask("SELECT count(*) FROM member WHERE person = '41990119750308123X'").scalar_one() == 1
    keys = set(map(tuple, ask("SELECT operation, key FROM idempotency WHERE account_id = 1")))
    assert {("complete", "bulk:"), ("complete", "bulk:a1"), ("complete", "bulk:b1")} < keys
    assert len([operation for operation, _ in keys if operation == "bulk:7"]) == 1
    numbers = parameters.of_place(walk.session, NUMBERS, VILLAGE)
    assert (numbers["update_months"], numbers["equal_years"], numbers["plan_months"]) == (18, 2, 1)
    assert ask("SELECT count(*) FROM setting WHERE key = 'quality.update_months'").scalar_one() == 0
    walk.session.commit()
    assert timers.retry(walk.session, 1, walk.clock)
    walk.to_the_end([bare, waiting])
    walk.close()
