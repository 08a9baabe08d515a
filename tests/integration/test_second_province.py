"""Another province from its data alone: its divisions, bodies, line, days off and limits, and no other's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Select, func, select

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.casework.models import Division, LegalBound, MonitoringLine, ProcedureVersion, Timer
from engine.casework.models import Province as Row
from engine.casework.organisation import bodies, calendar, divisions, legal_bounds
from engine.casework.papers import drafts
from engine.flow.diagram.resources import Resources
from engine.flow.vocabulary import Bound
from engine.ground.clock import SYSTEM, local_date
from engine.ground.database import create_engine, session_factory
from engine.ground.errors import Conflict, DefinitionError
from engine.migrations import schema
from engine.prevention import installation
from engine.prevention.installation import province
from tests.support import databases, provinces
from tests.support.provinces import BARE_VILLAGE, COUNTY, OWN_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.template import START
from tests.support.world import World
from web.cli.group import main


@pytest.fixture(params=["sqlite", "postgresql"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world in the second province, on both databases."""
    if request.param == "sqlite":
        found = databases.prepared(
            "second", lambda url: provinces.build(url, provinces.folder(tmp_path / "p"))
        )
        shutil.copy(found, tmp_path / "test.sqlite")
        world = World(f"sqlite:///{tmp_path / 'test.sqlite'}")
        yield world
        world.close()
        return
    with databases.empty() as url:
        provinces.build(url, provinces.folder(tmp_path / "p"))
        world = World(url)
        yield world
        world.close()


@pytest.mark.duty("R01", "R10", "R15")
def test_a_province_from_its_data_runs_a_household_through(there: World) -> None:
    world = there
    case = world.enter(village_code=VILLAGE)
    limit = world.session.scalars(_limit(case.id)).one()
    assert local_date(limit.due_at) == date(2022, 5, 26)  # R15: 20 days here, counted from the day after
    assert definitions.load(world.session, case.version_id).elements["limit_15"].name == "满20天"
    for step, who in (
        ("verify", "cun"),
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
    ):
        world.finish(case, step, who)
    world.finish(case, "appraise", "cun")
    posting = world.open_items(case)["post_notice"].id
    world.finish(case, "post_notice", "cun")
    sheet = _paper(world, "cun", "notice", [posting])
    for words in (
        "青山村",
        "0851-22000001",
        "石门镇人民政府 0851-22000002",
        "0851-22000003",
        "监督电话 12317",
    ):
        assert words in sheet, words
    assert world.go_to(6) == 0 and "end_notice" not in world.open_items(case)  # R10: seven full days here
    world.go_to(8)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    variables = world.variables(case)
    assert variables["monitoring_line"]["amount"] == 7300
    approving = world.open_items(case)["approve"].id
    world.finish(case, "approve", "xian")
    assert "赤水县农业农村局" in _paper(world, "xian", "approval_form", [approving])
    assert world.case(case.id).status == "open" and world.case(case.id).subject
    world.assert_replays(case.id)


def _limit(case_id: int) -> Select[Timer]:
    return select(Timer).where(
        Timer.case_id == case_id, Timer.element_id == "limit_15", Timer.kind == "limit"
    )


def _paper(world: World, username: str, kind: str, items: list[int]) -> str:
    """What a paper of these items says, with its number once it has one."""
    found = drafts.of_items(world.session, world.official(username), kind, items, world.clock.now())
    return " ".join(f"{one.paper.text} {one.paper.number}" for one in found)


def test_bodies_days_off_and_settings_are_the_provinces(there: World) -> None:
    session, day = there.session, there.today
    book = bodies.Book(session, [VILLAGE, "520381200001", BARE_VILLAGE], day)
    assert book.words(VILLAGE)["county_office"] == "赤水县农业农村局"
    assert book.words(BARE_VILLAGE)["county_office"] == "安平市农业农村局"
    assert book.words(VILLAGE)["national_body"] == "国家主管局"
    assert book.signature("520381200000", "township").name == "河滨管理区管理委员会"
    assert book.of(COUNTY, "office").seal == "line" and book.of(TOWNSHIP, "government").word == "石镇"
    after = calendar.workdays_after(session)
    assert after(date(2022, 5, 11), 1) == date(2022, 5, 13) and after(date(2022, 5, 13), 1) == date(
        2022, 5, 14
    )
    assert divisions.get(session, OWN_VILLAGE).path == "南明县北坡乡北坡村村民委员会"


def test_a_county_of_the_provinces_own_skips_the_city_and_a_city_may_have_no_districts(there: World) -> None:
    session = there.session
    assert divisions.province_managed(session, OWN_VILLAGE)
    assert not divisions.province_managed(session, VILLAGE)
    assert not divisions.province_managed(session, BARE_VILLAGE)
    case = there.enter("shicun", village_code=BARE_VILLAGE)
    for step, who in (
        ("verify", "shicun"),
        ("sign", "shicun"),
        ("submit_batch", "shixiang"),
        ("run_matching", "shixian2"),
        ("appraise", "shicun"),
        ("post_notice", "shicun"),
    ):
        there.finish(case, step, who)
    there.go_to(8)
    for step, who in (("end_notice", "shicun"), ("review", "shixiang"), ("approve", "shixian")):
        there.finish(case, step, who)
    assert there.case(case.id).household.status == "monitored"


# -- run again, cut off, upgraded ------------------------------------------------------------------


def _again(world: World, path: Path | None) -> None:
    given = province.read(path, world.today) if path else None
    installation.install(world.session, world.clock.now(), given)


def _counts(world: World) -> list[int]:
    world.session.commit()
    tables = (Division, MonitoringLine, LegalBound, ProcedureVersion, bodies.Row)
    return [world.session.scalar(select(func.count()).select_from(one)) or 0 for one in tables]


def test_run_again_it_adds_only_what_is_new(there: World, tmp_path: Path) -> None:
    before = _counts(there)
    _again(there, None)  # as after an upgrade of the programme: what the province has set stays
    _again(there, provinces.folder(tmp_path / "same"))
    assert _counts(there) == before
    line = {**provinces.PARAMETERS["lines"][0], "amount": 9000}
    more = provinces.folder(
        tmp_path / "more",
        province=provinces.parameters(lines=[line], limits=[{"clause": "R10", "days": 6}]),
        divisions=provinces.DIVISIONS.replace("青山村村民", "改名村村民")
        + "520381100203,新设村村民委员会,village,520381100000,\n",
    )
    _again(there, more)
    assert [after - count for after, count in zip(_counts(there), before, strict=True)][:2] == [1, 0]
    assert there.session.scalars(select(MonitoringLine.amount)).all() == [
        7300
    ]  # set by two people from now on
    assert divisions.get(there.session, VILLAGE).name == "青山村村民委员会"
    assert legal_bounds.bounds(there.session) == {"R10": Bound(6)}
    notice = definitions.current(there.session, "public_notice")
    assert b"days after(notice.posted_on, 6)" in notice.xml and notice.number == 2


def test_a_database_belongs_to_one_province(there: World, tmp_path: Path) -> None:
    before = _counts(there)
    with pytest.raises(Conflict, match="已是贵州省的，不能再装河南省"):
        installation.install(there.session, there.clock.now(), province.carried(there.today))
    there.session.rollback()
    assert _counts(there) == before


class CutOff(Exception):
    """The machine was switched off."""


def test_a_set_up_that_was_cut_off_goes_on_with_its_files_only(
    tmp_path: Path,
) -> None:
    url, path = f"sqlite:///{tmp_path / 'cut.sqlite'}", provinces.folder(tmp_path / "p")

    def switch_off(words: str) -> None:
        if words == "流程":
            raise CutOff

    engine = create_engine(url)
    schema.upgrade(engine)
    with session_factory(engine)() as session:
        given = province.read(path, local_date(START))
        with pytest.raises(CutOff):
            installation.install(session, START, given, say=switch_off)
        session.rollback()
        with pytest.raises(Conflict, match="还没有装完"):
            installation.install(session, START)
        session.rollback()
        installation.install(session, START, given)
        assert session.get_one(Row, 1).sha256 == given.sha256
        assert session.scalar(select(func.count()).select_from(MonitoringLine)) == 1
    engine.dispose()


@pytest.mark.duty("R15")
def test_what_owners_put_into_force_is_held_against_the_provinces_bounds(there: World) -> None:
    body = definitions.current(there.session, "identification").xml
    resources = definitions.resources_in_force(there.session, "identification")
    owner, now = there.official("liucheng"), there.clock.now()
    wide = body.replace(b"discovery_date, 20", b"discovery_date, 21")
    for lifted in (resources, Resources(resources.form, resources.decision, resources.part)):
        with pytest.raises(DefinitionError) as refused:  # whatever is handed over with it
            deployment.deploy(there.session, owner, wide, lifted, "放宽", now)
        errors = [one.message for one in refused.value.findings if one.severity == "error"]
        assert (
            "超过黔乡振〔2022〕5号规定的 20 天" in errors[0]
        )  # the document that stands there gives no more
        there.session.rollback()
    definition = definitions.load(there.session, definitions.current(there.session, "identification").id)
    shown = definitions.own_limits(there.session, definition)  # for who releases it to look up
    assert ("识别认定自线索发现起不超过 20 天", "黔乡振〔2022〕5号") in [
        (one.words, one.document) for one in shown
    ]
    assert "公示不少于 7 天" in [one.words for one in shown]
    strict = body.replace(b"discovery_date, 20", b"discovery_date, 18")
    assert deployment.deploy(there.session, owner, strict, resources, "收紧", now).number == 2
    installation.install(there.session, now)  # run again, it takes nothing back that owners changed
    assert definitions.current(there.session, "identification").xml == strict


def test_the_command_sets_up_a_province_or_says_all_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOUWANG_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite'}")
    run = CliRunner()
    broken = provinces.folder(
        tmp_path / "broken", province=provinces.parameters(name=None), calendar="day,kind\nx,休\n"
    )
    said = run.invoke(main, ["db", "create", "--province", str(broken)])
    assert said.exit_code == 1 and "2 处问题，什么也没有保存" in said.output
    assert "calendar.csv 第 2 行“day”" in said.output and not (tmp_path / "new.sqlite").exists()
    done = run.invoke(main, ["db", "create", "--province", str(provinces.folder(tmp_path / "p"))])
    assert done.exit_code == 0, done.output
    assert "R10、R15" in done.output
    other = run.invoke(main, ["import", "divisions", "--apply"])  # the carried list is another province's
    assert other.exit_code == 1 and "不是这个数据库的" in other.output


def test_a_diagram_is_checked_outside_a_database_by_the_bounds_of_a_province(tmp_path: Path) -> None:
    wide = tmp_path / "identification.bpmn"
    shipped = (installation.ROOT / "bpmn" / wide.name).read_text()
    wide.write_text(shipped.replace("discovery_date, 15", "discovery_date, 18"))
    run, path = CliRunner(), str(provinces.folder(tmp_path / "p"))
    assert run.invoke(main, ["check", str(wide)]).exit_code == 1
    said = run.invoke(main, ["check", "--province", path, str(wide)])
    assert said.exit_code == 0 and "18 天" in said.output, said.output


@pytest.mark.duty("R01")
def test_a_line_is_set_on_the_machine_in_the_names_of_two_people(
    there: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOUWANG_DATABASE_URL", there.url)
    run, year = CliRunner(), SYSTEM.now().year
    given = ["--year", str(year), "--amount", "7800", "--from", f"{year}-12-31"]
    given += ["--basis", "按上年收入增长幅度确定的标准", "--document", f"黔乡振〔{year}〕1号"]

    def said(first: str, second: str, *more: str) -> tuple[int, str]:
        done = run.invoke(main, ["line", "set", *given, "--asked-by", first, "--confirmed-by", second, *more])
        return done.exit_code, done.output

    assert "第二人" in said("sheng", "sheng")[1]
    assert said("sheng", "cun")[0] == 1 and said("cun", "sheng")[0] == 1 and said("sheng", "nobody")[0] == 1
    there.session.commit()
    assert there.session.scalars(select(MonitoringLine.amount)).all() == [7300]  # wholly or not at all
    code, words = said("sheng", "sheng2")
    assert code == 0 and "7,800 元" in words, words
    assert f"{year} 年 7,800 元" in run.invoke(main, ["line", "list"]).output
