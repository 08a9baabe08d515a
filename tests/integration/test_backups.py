"""Backups of whole installations: taken on one database, restored into another, on which work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from sqlalchemy import Executable, insert, inspect, select, text

import engine.backups.tables as backed_up
from engine.backups import noted, restoring, sources, taking
from engine.backups.keys import BadBackup, Secret
from engine.backups.sealed import Head, Sealer
from engine.casework.audit import verification
from engine.casework.models import LogEntry, Resource, Setting, SignIn
from engine.ground.database import create_engine
from engine.ground.tables import Base
from engine.migrations import schema
from engine.prevention.models import Hazard, HouseholdYear
from tests.support import databases, releases
from tests.support.drill import contents
from tests.support.walking import Walk
from tests.support.world import World
from web.cli import main

KEY = Secret("file", b"a key for tests, of forty characters ...")
NOW = datetime(2022, 7, 1, tzinfo=UTC)
TEXT = '龘\U00020000 \\N \\. %s %% \' " \t \r\n \u2028 {"b": 1} ' + "长" * 4000
ENDS = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC))
KINDS = ["sqlite", "postgresql"]


def silent(_said: str) -> None:
    """Nobody waits."""


def empty(kind: str, folder: Path, stack: ExitStack, name: str = "new") -> str:
    """The address of a database without a table."""
    if kind == "sqlite":
        return f"sqlite:///{folder / name}.sqlite"
    return stack.enter_context(databases.empty())


def change(url: str, *statements: Executable) -> None:
    """Carry statements out."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


def take(url: str, path: Path) -> taking.Taken:
    """A backup of the database at `url`."""
    engine = create_engine(url)
    taken = taking.take(engine, path, KEY, NOW, silent)
    engine.dispose()
    return taken


def restore(url: str, path: Path, *, as_it_was: bool = False) -> restoring.Restored:
    """Restore a backup into the database at `url`."""
    engine = create_engine(url)
    try:
        return restoring.restore(engine, path, KEY, silent, as_it_was=as_it_was)
    finally:
        engine.dispose()


class Journey:
    """A county of release 0.1.0 on SQLite, restored by this release into PostgreSQL, and from there into
    SQLite.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.old, self.server = f"sqlite:///{folder / 'old.sqlite'}", stack.enter_context(databases.empty())
        self.new = f"sqlite:///{folder / 'new.sqlite'}"
        releases.restore(self.old, "0.1.0")
        large = Random(1).randbytes(2_500_000)
        change(self.old, insert(Resource).values(sha256="2" * 64, kind="form", key="large", body=large))
        self.first_file, self.second_file = folder / "first.backup", folder / "second.backup"
        self.first = take(self.old, self.first_file)
        self.there = restore(self.server, self.first_file)
        change(self.server, *odd_values())
        self.second = take(self.server, self.second_file)
        self.back = restore(self.new, self.second_file)


def odd_values() -> Iterator[Executable]:
    """What people and programmes may leave, at the ends of what a column holds."""
    yield insert(Setting).values(key="odd", value={"text": TEXT, "nothing": None, "many": 2**53 + 1})
    yield insert(Resource).values(sha256="0" * 64, kind="form", key="odd", body=bytes(range(256)) * 999)
    yield insert(Resource).values(sha256="1" * 64, kind="form", key="empty", body=b"")
    amounts = {"net_income": Decimal("-999999999999.99"), "per_capita": Decimal("0.01")}
    for year, at in zip((1, 9999), ENDS, strict=True):
        row = {"household_id": 1, "year": year, "recorded_at": at, "income": {}, "spending": {}}
        yield insert(HouseholdYear).values(assurances={"n": 0.1}, **row, **amounts)
    session = {"account_id": 1, "key_hash": "k", "began_at": NOW, "seen_at": NOW, "ends_at": ENDS[1]}
    yield insert(SignIn).values(address="", device="", end_reason="", **session)


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """One journey for the tests that look at it; the last of them works where it ended."""
    with ExitStack() as stack:
        yield Journey(tmp_path_factory.mktemp("backups"), stack)


def test_what_was_restored_is_what_was_there(journey: Journey) -> None:
    """Row by row on either database, in which the log holds and as many timers wait."""
    assert journey.first.head.revision == schema.FIRST_RELEASE and journey.first.whole.rows["case_file"] > 30
    assert journey.first.whole.timers == journey.second.whole.timers > 200
    assert journey.there.breaks == journey.back.breaks == []
    before, there, after = contents(journey.old), contents(journey.server), contents(journey.new)
    assert there == after
    for name in ("attachment", "log_entry", "submission"):  # of timers, warnings nobody was given go (0050)
        assert before[name].split()[0] == after[name].split()[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_of_an_earlier_release_can_be_left_as_it_was(
    journey: Journey, kind: str, tmp_path: Path
) -> None:
    """For who goes back to that release: its program finds its own tables and rows."""
    with ExitStack() as stack:
        url = empty(kind, tmp_path, stack)
        assert restore(url, journey.first_file, as_it_was=True).breaks is None
        assert contents(url) == contents(journey.old)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_stays_of_a_backup_that_is_cut(journey: Journey, kind: str, tmp_path: Path) -> None:
    cut = tmp_path / "cut.backup"
    cut.write_bytes(journey.first_file.read_bytes()[:-200_000])
    with ExitStack() as stack:
        url = empty(kind, tmp_path, stack)
        with pytest.raises(BadBackup, match="不完整"):
            restore(url, cut, as_it_was=True)
        assert tables_of(url) == []


def test_what_postgresql_cannot_hold_is_told(journey: Journey, tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path / 'odd.sqlite'}", tmp_path / "odd.backup"
    releases.restore(url, "0.1.0")
    change(url, text("UPDATE account SET post = 'a' || char(0) || 'b' WHERE id = 3"))
    take(url, file)
    with databases.empty() as server:
        with pytest.raises(BadBackup, match=r"表 account.*PostgreSQL 存不下"):
            restore(server, file, as_it_was=True)
        assert tables_of(server) == []
    assert contents(url)["account"] != contents(journey.old)["account"]


def tables_of(url: str) -> list[str]:
    """What tables a database has."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = inspect(connection).get_table_names()
    engine.dispose()
    return found


def test_a_backup_of_a_newer_release_is_told(tmp_path: Path) -> None:
    file, url = tmp_path / "new.backup", f"sqlite:///{tmp_path / 'new.sqlite'}"
    with file.open("wb") as stream:
        Sealer(stream, KEY, Head("9.0.0", "9999", "sqlite", NOW.isoformat())).finish()
    with pytest.raises(BadBackup, match=r"更新的版本（9\.0\.0）"):
        restore(url, file)
    assert tables_of(url) == []


def test_every_table_is_taken_or_named_with_its_reason(world: World) -> None:
    """Whatever somebody adds, by a model or by a migration alone."""
    with world.engine.connect() as connection:
        present = set(inspect(connection).get_table_names())
        folders = set(inspect(connection).get_schema_names()) - {"information_schema", "public", "main"}
        taken = {shape.name for shape in backed_up.shapes(connection)}
    assert taken == present - backed_up.LEFT_OUT.keys()
    assert folders - {"kept", "begun"} <= backed_up.SCHEMAS_LEFT_OUT.keys()  # those two are the tests' own
    assert backed_up.LEFT_OUT.keys() <= present and all(map(len, backed_up.LEFT_OUT.values()))
    pointing = {
        (name, key.column.table.name)
        for name, table in Base.metadata.tables.items()
        for key in table.foreign_keys
    }
    assert {(name, to) for name, to in pointing if name in taken and to in backed_up.LEFT_OUT} == set()


def test_a_backup_is_of_one_instant_whoever_works_meanwhile(world: World) -> None:
    with sources.snapshot(world.engine) as connection:
        shapes = {shape.name: shape for shape in backed_up.shapes(connection)}
        before = sources.count(connection, "case_file")
        world.enter()
        for name in ("case_file", "log_entry", "work_item", "timer"):
            found = list(sources.rows(connection, shapes[name]))
            assert len(found) == sources.count(connection, name) and (name != "case_file" or not found)
    with sources.snapshot(world.engine) as connection:
        assert sources.count(connection, "case_file") == before + 1


def run(url: str, *words: str | Path) -> tuple[int, str]:
    """`shouwang` with these words; its exit code and what it said."""
    answer = CliRunner().invoke(main, list(map(str, words)), env={"SHOUWANG_DATABASE_URL": url})
    return answer.exit_code, answer.output


def test_the_command_says_what_it_did_and_what_stands_in_its_way(small_world: World, tmp_path: Path) -> None:
    url, file, key = str(small_world.engine.url), tmp_path / "a.backup", tmp_path / "key"
    key.write_bytes(KEY.value + b"\n")
    sealed = ("--key-file", key)
    assert noted.last(small_world.session) is None
    assert "总是加密" in run(url, "backup", file)[1]
    code, said = run(url, "backup", file, *sealed)
    assert code == 0 and "已备份并读回核对" in said and "sign_in（" in said
    assert file.stat().st_mode & 0o777 == 0o600
    small_world.session.commit()  # what it sees from now on
    last = noted.last(small_world.session)
    assert last is not None and (last.size, last.kind, last.verified) == (file.stat().st_size, "full", True)
    lines = select(LogEntry.data).where(LogEntry.kind == "backup")
    assert [line["file"] for line in small_world.session.scalars(lines)] == ["a.backup"]
    assert "不覆盖" in run(url, "backup", file, *sealed)[1]
    (tmp_path / "b.backup.part").touch()
    assert "没有写完" in run(url, "backup", tmp_path / "b.backup", *sealed)[1]
    assert run(url, "restore", file, *sealed)[1].startswith("Error: 数据库里已经有表")
    none = f"sqlite:///{tmp_path / 'none.sqlite'}"
    code, said = run(none, "backup", "--verify", file, *sealed)
    assert code == 0 and said.startswith("备份完整。")
    assert (
        run(none, "backup", tmp_path / "c.backup", *sealed)[1]
        == "Error: 数据库里没有守望的表，没有可以备份的。\n"
    )
    key.write_bytes(b"another key " * 4)
    code, said = run(none, "restore", file, *sealed)
    assert code == 1 and "口令或密钥不是" in said and tables_of(none) == []


@pytest.mark.parametrize("kind", KINDS)
def test_work_goes_on_where_a_backup_was_restored(journey: Journey, kind: str) -> None:
    """Rows get numbers that nobody had, subjects those of their kind; cases are finished by officials."""
    url = {"sqlite": journey.new, "postgresql": journey.server}[kind]
    walk = Walk(url)
    walk.clock.set(NOW)
    assert walk.session.scalars(select(SignIn)).all() == [] or kind == "postgresql"
    hazard = Hazard(village_code="410325000000", name="洪水", kind="flood", from_on=NOW.date())
    hazard.reporter, hazard.reported_at = "县局", NOW
    walk.session.add(hazard)
    walk.session.commit()
    assert hazard.id == 1_000_000_001
    walk.to_the_end([max(walk.places().values())])
    assert list(verification.verify(walk.session)) == []
    walk.close()


SAID = """[{"name": "shouwang", "status": {"code": 0, "message": "ok"}, "backup": [
    {"timestamp": {"start": 1656600000, "stop": 1656600300}, "info": {"size": 5000000}, "type": "full"},
    {"timestamp": {"start": 1656690000, "stop": 1656690300}, "info": {"size": 6000000}, "error": true}]}]"""


def test_what_other_programs_keep_is_noted_beside_our_own(small_world: World, tmp_path: Path) -> None:
    url, copy = str(small_world.engine.url), tmp_path / "copy"
    copy.mkdir()

    def note(said: str, *words: str | Path) -> tuple[int, str]:
        environment = {"SHOUWANG_DATABASE_URL": url}
        answer = CliRunner().invoke(main, ["backup-noted", *map(str, words)], input=said, env=environment)
        return answer.exit_code, answer.output

    assert "没有复制品" in note("", "--litestream", copy)[1] and note("")[0] == 2
    for nothing in ("", "[]", "{}", '[{"backup": []}]', SAID.replace('"full"', '"full", "error": true')):
        code, words = note(nothing, "--pgbackrest")
        assert code == 1 and "没有说有一份好的备份" in words
    assert noted.last(small_world.session) is None
    for _ in range(2):
        code, words = note(SAID, "--pgbackrest")
        assert code == 0 and "pgBackRest，2022-06-30 14:40:00（UTC），5.0 MB" in words
    (copy / "0001.ltx").write_bytes(b"x" * 1000)
    assert note("", "--litestream", copy)[0] == 0
    small_world.session.commit()
    found = [(one.kind, one.size, one.verified) for one in noted.lasts(small_world.session)]
    assert found == [("litestream", 1000, False), ("pgbackrest", 5_000_000, False)]
    lines = select(LogEntry.data).where(LogEntry.kind == "backup").order_by(LogEntry.id)
    assert [line["file"] for line in small_world.session.scalars(lines)] == ["pgBackRest", "litestream"]
