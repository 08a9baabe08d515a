"""Every page that can be opened and whose it is, and a world in which each name of an address stands for
something.
"""

from __future__ import annotations

from sqlalchemy import select

from engine.casework import definitions
from engine.casework.models import BulkAct, CaseFile, Migration, Rehearsal, WorkItem
from engine.casework.organisation.identity import journal
from engine.casework.organisation.identity.roster import checking
from engine.casework.papers import numbers
from engine.casework.papers.contents import Terms
from engine.casework.papers.kinds import kind_of
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs import running
from engine.casework.portions.outgoing import files
from engine.casework.portions.outgoing.sending import Asked
from engine.casework.supervision import orders
from engine.casework.supervision.figures import walls
from engine.ground.database import write
from engine.owners import drafting
from engine.prevention.campaign import areas
from engine.prevention.hazards.watch import weekly
from engine.prevention.identification import wordings
from engine.prevention.identification.matching import batches as matching
from engine.prevention.models import (
    ApplicationBatch,
    AreaLabel,
    AssistancePlan,
    BatchEntry,
    Finding,
    Hazard,
    HazardAct,
    HazardArea,
    HazardHousehold,
    HazardMeasure,
    HazardPlan,
    Measure,
    ReportAnnex,
    SummaryReport,
    TownshipModule,
    WatchArea,
    WatchWeek,
)
from engine.prevention.quality import findings, runs
from engine.prevention.quality.findings import Found
from engine.prevention.quality.sampling import drawing, samples
from engine.prevention.register.filled import acts as filled
from engine.prevention.register.monitoring_lines import setting
from engine.prevention.register.monitoring_lines.setting import LineAsked
from engine.prevention.transfers import offers
from tests.support import screening
from tests.support.template import COUNTY, OFFICIALS, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

EVERYBODY = [username for username, *_ in OFFICIALS]
REACH = {"cun", "cun2", "xiang", "xiang2", "xian", "xian2", "shi", "sheng", "ducha"}
"""Whose grants reach the household's village."""
WORK = {"cun", "cun2"}
"""Whose queue the open item (签订承诺授权书) is in."""
RECORD = {"cun", "cun2", "xiang", "xiang2", "xian", "xian2"}
"""Who records changes of persons."""
COUNTY_WIDE = REACH | {"lin", "waixiang"}
"""Who works in the household's county, or watches it."""
BATCH = {"xian", "xian2", "shi", "sheng", "ducha"}
"""Who sees the county's batches of applications."""
MATCHING = {"xiang", "xiang2", "xian", "xian2", "ducha"}
"""Who sees the township's batch of matching."""
STATISTICS = {"xiang", "xiang2", "waixiang", "xian", "xian2", "waixian", "shi", "sheng", "ducha"}
"""Who sees statistics, of their own divisions."""
WALLS = STATISTICS - {"xiang", "xiang2", "waixiang"}
"""Who hangs up wall screens."""
OFFICIAL = REACH | {"lin", "waixiang", "waixian"}
WATCH = {"xiang", "xiang2", "waixiang", "xian", "xian2", "waixian", "shi", "sheng", "ducha"}
"""Who watches the limits below their division."""
KEEPERS = {"liucheng", "xitong"}
"""Who keeps the table of the ladder."""
KEEP_BODIES = {"xiang", "xiang2", "waixiang", "xian", "xian2", "waixian", "shi", "sheng", "xitong"}
"""Who says how the bodies of their divisions are called."""
OFFER = {"xian", "xian2", "xiang", "xiang2"}
"""Who offers the household to another place."""
DRAW = {"xian", "xian2", "shi", "sheng"}
"""Who draws samples of the county's households."""
OWNER = {"liucheng"}
"""Who changes procedures."""
HAZARD = REACH | {"lin"}
"""Who works in the township that a hazard reaches, or watches it."""
RAISE = {"xiang", "xiang2", "xian", "xian2"}
"""Who raises clues for its households, and reports on its measures."""
REPORT = {"cun", "cun2", "lin", "xiang", "xiang2", "waixiang", "xian", "xian2", "waixian", "shi", "sheng"}
"""Who reports hazards."""
PAGES = {
    "/": set(EVERYBODY),
    "/todo": set(EVERYBODY),
    "/done": set(EVERYBODY),
    "/started": set(EVERYBODY),
    "/bell": set(EVERYBODY),
    "/jobs": set(EVERYBODY),
    "/exports/{sent}": {"xiang"},
    "/exports/{sent}.xlsx": {"xiang"},
    "/clues": set(EVERYBODY),
    "/hazards": set(EVERYBODY),
    "/hazards/new": REPORT,
    "/hazards/{hazard}": HAZARD,
    "/hazards/{hazard}/clues": RAISE,
    "/hazards/{hazard}/clues/{village}": RAISE,
    "/hazards/{hazard}/places": {"xian", "xian2"},
    "/hazards/acts/{raising}": HAZARD,
    "/hazards/measures/{hazard_measure}": HAZARD,
    "/watch": WATCH,
    "/reports": {"xian", "xian2", "waixian", "shi", "sheng", "ducha"},
    "/reports/{report}": {"shi", "sheng"},
    "/reports/{report}/annexes/{annex}.xlsx": {"shi", "sheng"},
    "/township-modules": WATCH,
    "/township-modules/{module}": REACH - {"cun", "cun2"},
    "/township-modules/years.xlsx": WATCH,
    "/departments": set(EVERYBODY),
    "/departments/rows": set(EVERYBODY),
    "/departments/thresholds": set(EVERYBODY),
    "/departments/tokens": {"xitong"},
    "/campaigns": set(EVERYBODY),
    "/campaigns/{campaign}": COUNTY_WIDE,
    "/campaigns/{campaign}/coverage.xlsx": COUNTY_WIDE,
    "/campaigns/{campaign}/households/{household}": REACH,
    "/campaigns/{campaign}/households/{household}/conflict": set(),
    "/campaigns/{campaign}/papers/{paper}": set(),
    "/campaigns/{campaign}/villages/{village}": REACH,
    "/campaigns/{campaign}/villages/{village}/areas": REACH,
    "/campaigns/{campaign}/villages/{village}/new": {"cun", "cun2", "xiang", "xiang2"},
    "/campaigns/{campaign}/villages/{village}/sheet": REACH,
    "/quality/hints": {"ducha"},
    "/quality/rules": OFFICIAL,
    "/quality/rules/parameters": OFFICIAL,
    "/quality/runs": WATCH,
    "/quality/runs/{run}": WATCH - {"waixian"},
    "/alarms": WATCH,
    "/entries": OFFER | {"waixian", "waixiang"},
    "/samples": DRAW | {"waixian"},
    "/samples/{sample}": DRAW,
    "/samples/{sample}/households/{row}": DRAW,
    "/samples/{sample}/list.xlsx": DRAW,
    "/samples/{sample}/print": DRAW,
    "/imports/new/{kind}/{key}": set(),
    "/imports/new/{kind}/{key}/template.xlsx": set(),
    "/imports/{roster}": set(),
    "/imports/{roster}.xlsx": set(),
    "/screening/phone/": set(EVERYBODY),
    "/screening/phone/sw.js": set(EVERYBODY),
    "/screening/phone/begin": set(EVERYBODY),
    "/screening/phone/list": set(),
    "/screening/rescue": set(EVERYBODY),
    "/clues/new": set(EVERYBODY),
    "/divisions": set(EVERYBODY),
    "/corrections": set(EVERYBODY),
    "/findings": set(EVERYBODY),
    "/findings/{finding}": REACH,
    "/households/{household}/corrections": REACH,
    "/households": set(EVERYBODY),
    "/households/{household}": REACH,
    "/households/{household}/archive": REACH,
    "/households/{household}/transfer": OFFER,
    "/households/{household}/contact": OFFER | {"cun", "cun2"},
    "/transfers": set(EVERYBODY),
    "/transfers/{transfer}": REACH,
    "/households/{household}/members": REACH,
    "/members/proofs/{proof}": set(),
    "/households/{household}/start/{key}": set(),
    "/more": set(EVERYBODY),
    "/register": set(EVERYBODY),
    "/register/forms": OFFICIAL,
    "/register/forms/{foreign}": {"xiang"},
    "/measures": set(EVERYBODY),
    "/measures/{measure}/progress": REACH,
    "/officials": set(EVERYBODY),
    "/schedules": {"xian", "xian2", "waixian"},
    "/cases/{case}": REACH,
    "/cases/{case}/archive": REACH,
    "/cases/{case}/diagram.bpmn": REACH,
    "/cases/{case}/messages/{message}": REACH,
    "/parameters": set(EVERYBODY),
    "/parameters/bodies": set(EVERYBODY),
    "/parameters/calendar": set(EVERYBODY),
    "/parameters/line": set(EVERYBODY),
    "/parameters/line/{line}": set(EVERYBODY),
    "/parameters/line/{line}.xlsx": OFFICIAL | {"shi", "sheng"},
    "/batches": {"xian", "xian2", "waixian", "shi", "sheng", "ducha"},
    "/matching": {"xiang", "xiang2", "waixiang", "xian", "xian2", "waixian", "ducha"},
    "/matching/{matching}": MATCHING,
    "/matching/{matching}/entries/{entry}": MATCHING,
    "/batches/{batch}": BATCH,
    "/batches/{batch}/paper": BATCH,
    "/tasks/{item}": REACH,
    "/tasks/{item}/return": REACH,
    "/tasks/bulk": REACH,
    "/tasks/bulk/{act}": {"xiang"},
    "/files/{file}": REACH,
    "/files/{file}/thumbnail": REACH,
    "/papers": set(EVERYBODY),
    "/papers/{kind}": REACH,
    "/papers/{paper}.{form}": REACH,
    "/statistics": STATISTICS,
    "/statistics/statistics.xlsx": STATISTICS,
    "/statistics/sql/{figure}.sql": STATISTICS,
    "/statistics/counts.json": STATISTICS,
    "/statistics/diagram/{key}": STATISTICS,
    "/statistics/diagram/{key}.bpmn": STATISTICS,
    "/walls": WALLS,
    "/wall/{token}": set(EVERYBODY),
    "/drafts": OWNER,
    "/drafts/{draft}": OWNER,
    "/drafts/{draft}/diagram": OWNER,
    "/drafts/{draft}/diagram.bpmn": OWNER,
    "/drafts/{draft}/{part}/{resource}": OWNER,
    "/drafts/{draft}/{part}/{resource}/file": OWNER,
    "/drafts/{draft}/export.zip": OWNER,
    "/drafts/{draft}/known": OWNER,
    "/supervision": WATCH,
    "/supervision/counts.json": WATCH,
    "/supervision/export.xlsx": WATCH,
    "/supervision/orders": set(EVERYBODY),
    "/supervision/orders/new": {"ducha"},
    "/supervision/orders/{order}": REACH,
    "/supervision/letter": {"ducha"},
    "/administration/notifications": KEEPERS,
    "/administration/outbox": {"xitong"},
    "/drafts/{draft}/replay": OWNER,
    "/procedures/{key}/versions/{version}/replay": OWNER,
    "/replays/{replay}": OWNER,
    "/drafts/{draft}/trial": OWNER,
    "/procedures/{key}/versions/{version}/trial": OWNER,
    "/replays/{replay}.xlsx": OWNER,
    "/drafts/{draft}/trial.bpmn": OWNER,
    "/procedures/{key}/versions/{version}/trial.bpmn": OWNER,
    "/procedures/{key}/versions/{version}/move": OWNER,
    "/migrations/{migration}": OWNER,
    "/procedures": OWNER,
    "/procedures/{key}": OWNER,
    "/procedures/{key}/versions/{version}": OWNER,
    "/procedures/{key}/versions/{version}/diagram.bpmn": OWNER,
    "/procedures/{key}/versions/{version}/handbook.docx": OWNER,
    "/procedures/{key}/versions/{version}/export.zip": OWNER,
    "/procedures/{key}/drawing": OWNER,
    "/procedures/{key}/compare": OWNER,
    "/drafts/{draft}/deploy": OWNER,
    "/administration/approval": {"anquan"},
    "/administration/incidents": {"xitong"},
    "/administration/running": {"xitong"},
    "/account": set(EVERYBODY),
    "/account/password": set(EVERYBODY),
    "/administration/accounts": {"xitong", "anquan"},
    "/administration/accounts/new": {"xitong"},
    "/administration/accounts/{who}": {"xitong", "anquan"},
    "/administration/accounts/{who}/move": {"xitong"},
    "/administration/divisions": {"xitong", "anquan"},
    "/administration/accounts/import": {"xitong"},
    "/administration/accounts/import/template.xlsx": {"xitong"},
    "/administration/accounts/import/{roster}": {"xitong"},
    "/administration/accounts/import/{roster}.xlsx": {"xitong"},
    "/administration/log": {"shenji"},
    "/administration/log/verify/{check}": {"shenji"},
    "/administration/roles": {"anquan"},
    "/administration/sign-in": {"anquan"},
    "/login": set(EVERYBODY),
    "/health": set(EVERYBODY),
    "/live": set(EVERYBODY),
    "/ready": set(EVERYBODY),
    "/metrics": set(EVERYBODY),  # switched off here, as it is unless it is set
    "/static/{name}": set(EVERYBODY),
}
API_READS: dict[str, set[str]] = {
    "/departments/matters": set(),
    "/campaigns": set(EVERYBODY),
    "/campaigns/{campaign}/villages/{village}/list": {"cun", "cun2", "xiang", "xiang2"},
    "/cases/{case}": REACH,
    "/tasks": set(EVERYBODY),
    "/tasks/{item}": REACH,
    "/tasks/{item}/return-targets": REACH,
    "/households": set(EVERYBODY),
    "/households/{household}/members": REACH,
    "/households/{household}/members/changes": REACH,
    "/divisions": set(EVERYBODY),
    "/transfers": set(EVERYBODY),
    "/transfers/{transfer}": REACH,
    "/timers": set(EVERYBODY),
    "/openapi.json": set(EVERYBODY),
    "/procedures/{key}/versions": set(EVERYBODY),
    "/migrations/{migration}": OWNER,
    "/accounts": {"xitong", "anquan"},
    "/accounts/{who}": {"xitong", "anquan"},
    "/role-requests": {"anquan"},
    "/running": {"xitong"},
}


def everything(world: World) -> dict[str, object]:
    """A household of village 甲 whose letter is to be signed, with a file, and one of all else that pages
    show; answers what the names in the shapes of addresses stand for.
    """
    case = world.enter()
    world.finish(case, "verify", "cun")
    item = world.open_items(case)["sign"]
    file = world.upload("cun", item)
    return {
        "household": case.household_id,
        "case": case.id,
        "item": item.id,
        "file": file,
        "kind": "notice",
        "name": "icon.svg",
        "incident": 999,
        "key": "identification",
        "message": "objection",
        "batch": _batch(world, case),
        **_matching(world, case),
        "correction": 999,
        "transfer": _transfer(world, case),
        "finding": _finding(world, case),
        "measure": _measure(world, case),
        "sample": _sample(world),
        "run": _run(world),
        "alarm": 999,
        "figure": "returned",
        "token": walls.create(world.session, world.official("xian"), "", "大厅", world.clock.now()),
        "link": 1,
        "proof": 999,
        "order": _order(world, item),
        "rule": 1,
        "row": 1,
        "draft": _draft(world),
        "part": "forms",
        "resource": "notice",
        "version": 1,
        "migration": _migration(world),
        "replay": _replay(world),
        "paper": _paper(world),
        "form": "pdf",
        "act": _act(world),
        "job": _job(world),
        "sent": _sent(world),
        "line": _line(world),
        "sign_in": 999,
        "bearer": 999,
        **_campaign(world),
        **_upwards(world),
        **_hazard(world, case),
        "uuid": "0b6d7b0e-0000-4000-8000-000000000000",
        "roster": checking.begin(
            world.session,
            world.official("xitong"),
            "账号,姓名\nneu,新甲".encode(),
            "neu.csv",
            world.clock.now(),
        ).id,
        "foreign": filled.begin(
            world.session,
            world.official("xiang"),
            "户主姓名,村\n".encode(),
            "form.csv",
            world.clock,
        ).id,
        "who": world.official("lin").id,
        "grant": 999,
        "check": journal.begin_check(world.session, world.official("shenji"), world.clock.now()).id,
    }


def _campaign(world: World) -> dict[str, object]:
    """A campaign of the county, and an area of the village."""
    campaign = screening.opened(world)
    pair = [world.official(username).id for username in ("cun", "cun2")]
    township, code = world.official("xiang"), VILLAGE
    area = areas.assign(world.session, township, campaign.id, code, "全村", [], pair, clock=world.clock)
    return {
        "campaign": campaign.id,
        "village": code,
        "area": area.id,
        "milestone": campaign.milestones[0].id,
    }


def _hazard(world: World, case: CaseFile) -> dict[str, object]:
    """A flood in the township with a plan and the household's clue; the village is to be watched."""
    county, today, now = world.official("xian").id, world.today, world.clock.now()
    flood = Hazard(
        village_code=COUNTY,
        name="洪涝",
        kind="natural_disaster",
        from_on=today,
        reporter="县甲",
        reported_at=now,
    )
    plan = HazardPlan(case_id=case.id, name="预案", made_on=today, recorded_at=now)
    label = AreaLabel(
        division_code=VILLAGE, kind="other", reason="移民村", since=today, set_by=county, set_at=now
    )
    said = {"discovered_on": today, "description": "进水", "channel": "cadre_check"}
    act = HazardAct(account_id=county, at=now, told_at=now, total=1, **said)
    week = weekly.monday(today)
    with write(world.session):
        world.session.add_all((flood, label, WatchWeek(week=week, status="done", begun_at=now)))
        world.session.flush()
        plan.hazard_id = act.hazard_id = flood.id
        world.session.add_all(
            (plan, act, HazardArea(hazard_id=flood.id, division_code=TOWNSHIP, added_at=now))
        )
        world.session.flush()
        of_flood = {"hazard_id": flood.id}
        repair = {"content": "修水管", "unit": "水利局", "person": "王工", "due_on": today}
        measure = HazardMeasure(plan_id=plan.id, **of_flood, **repair)
        place = {"village_code": VILLAGE, "household_id": case.household_id, "case_id": case.id}
        entry = HazardHousehold(act_id=act.id, status="joined", **place, **of_flood)
        known = {"kind": "other", "reason": "移民村", "by_hand": True}
        area = WatchArea(week=week, division_code=VILLAGE, level="village", **known)
        world.session.add_all((measure, entry, area))
    return {"hazard": flood.id, "raising": act.id, "hazard_measure": measure.id, "label": label.id}


def _upwards(world: World) -> dict[str, object]:
    """The city's report with its figures, and the township's year, both of before: no case is open."""
    today, now = world.today, world.clock.now()
    days = {"starts_on": today, "ends_on": today, "due_on": today, "opened_at": now}
    report = SummaryReport(village_code="410300000000", name="总结报告", **days)
    module = TownshipModule(village_code=TOWNSHIP, year=2021, name="模块", due_on=today, opened_at=now)
    with write(world.session):
        world.session.add_all((report, module))
        world.session.flush()
        annex = ReportAnnex(report_id=report.id, number=1, day=today, tables=[], sha256="", made_at=now)
        world.session.add(annex)
    return {"report": report.id, "annex": annex.number, "module": module.id}


def _run(world: World) -> int:
    """A run of the rules over the county."""
    return runs.begin(world.session, world.official("xian"), COUNTY, world.clock).id


def _sample(world: World) -> int:
    """A sample of the county's with the household in it."""
    typed = samples.Typed(COUNTY, "抽查", [], samples.DRAWN_FROM, 5)
    sample = samples.announce(world.session, world.official("xian"), typed, clock=world.clock)
    assert drawing.draw(world.session, sample.id, world.clock)
    return sample.id


def _finding(world: World, case: CaseFile) -> int:
    """Something was found wrong with the household."""
    found = Found("phone_missing", case.subject_id, "", "没有联系电话", {}, way="contact")
    with write(world.session):
        findings.report(world.session, [found], source="rule", run_id=1, now=world.clock.now())
    return world.session.scalars(select(Finding.id)).one()


def _transfer(world: World, case: CaseFile) -> int:
    """The household was offered to another village of its township."""
    world.session.commit()
    county = world.official("xian")
    return offers.offer(world.session, county, case.household_id, OTHER_VILLAGE, "迁居", clock=world.clock).id


def _order(world: World, item: WorkItem) -> int:
    """An order to the village about the open item."""
    supervisor, day = world.official("ducha"), world.today
    return orders.give(world.session, supervisor, item.id, "请说明。", day, clock=world.clock).id


def _draft(world: World) -> int:
    """A draft of a process owner's."""
    owner = world.official("liucheng")
    draft = drafting.create(
        world.session, owner, name="改", procedure_key="public_notice", now=world.clock.now()
    )
    return draft.id


def _migration(world: World) -> int:
    """A move that a process owner began."""
    owner = world.official("liucheng")
    with write(world.session):
        version = definitions.current(world.session, "identification")
        act = Migration(
            procedure_key=version.procedure_key,
            version_id=version.id,
            account_id=owner.id,
            at=world.clock.now(),
            elements={},
            passed=[],
            total=0,
        )
        world.session.add(act)
    return act.id


def _replay(world: World) -> int:
    """A replay that a process owner began."""
    owner = world.official("liucheng")
    with write(world.session):
        version = definitions.current(world.session, "identification")
        act = Rehearsal(
            account_id=owner.id, title="识别认定", version_id=version.id, at=world.clock.now(), total=0
        )
        world.session.add(act)
    return act.id


def _batch(world: World, case: CaseFile) -> int:
    """A batch of the county that holds the case."""
    with write(world.session):
        batch = ApplicationBatch(
            kind="rollback",
            level="county",
            division_code="410325000000",
            year=2022,
            serial=1,
            number="嵩县回退申请〔2022〕1号",
            opened_on=world.today,
        )
        batch.entries.append(BatchEntry(case_id=case.id))
        world.session.add(batch)
    return batch.id


def _measure(world: World, case: CaseFile) -> int:
    """A measure of the household, to be reported on."""
    with write(world.session):
        plan = AssistancePlan(
            household_id=case.household_id,
            case_id=case.id,
            made_on=world.today,
            recorded_at=world.clock.now(),
        )
        measure = Measure(
            household_id=case.household_id, village_code=case.village_code, type="health", ends_on=world.today
        )
        plan.measures = [measure]
        world.session.add(plan)
    return measure.id


def _paper(world: World) -> int:
    """A notice that the village has issued."""
    with write(world.session):
        record = numbers.open_paper(
            world.session, kind_of("notice"), VILLAGE, "拟纳入", "经评议", world.clock.now()
        )
        terms = Terms("拟纳入", "经评议", "下庙村", "下庙村村民委员会", world.today, ends=world.today)
        numbers.fix(
            world.session, record, wordings.notice(terms, []), world.official("cun"), world.clock.now()
        )
    return record.id


def _matching(world: World, case: CaseFile) -> dict[str, int]:
    """The household's place in a batch of matching."""
    with write(world.session):
        letter, now = {"signed": "yes"}, world.clock.now()
        entry = matching.put(world.session, case, "第1批", world.today, letter, now)
    return {"matching": entry.batch_id, "entry": entry.id}


def _job(world: World) -> int:
    """A job of the township's that waits."""
    with write(world.session):
        return jobs.defer(world.session, "bulk", 0, world.official("xiang"), world.clock.now())


def _sent(world: World) -> int:
    """A list of the township's, written by a job."""
    asked = Asked(world.session, world.official("xiang"), {}, world.clock.now())
    file = files.begin(world.session, asked, "todo")
    made = jobs.latest_of(world.session, files.KIND, file.id)
    assert made is not None
    running.run(world.sessions, world.clock, made.id)
    return file.id


def _act(world: World) -> int:
    """A bulk act of the township's, worked off."""
    act = BulkAct(
        account_id=world.official("xiang").id,
        kind="complete",
        procedure_key="identification",
        element_id="submit_batch",
        name="统一报送比对",
        data={},
        at=world.clock.now(),
        total=0,
    )
    with write(world.session):
        world.session.add(act)
    return act.id


def _line(world: World) -> int:
    """A line that the province's reviewer asked for."""
    asked = LineAsked(
        "2022", "7000", "2022-07-01", "省里提高了标准，按新文件", "豫乡振〔2022〕9号", "提高标准"
    )
    return setting.ask(world.session, world.official("sheng"), asked, clock=world.clock).id


def address(shape: str, names: dict[str, object]) -> str:
    """The address of a page of `PAGES`, with what the page must be asked for."""
    query = {
        "/tasks/bulk": f"?id={names['item']}",
        "/papers/{kind}": f"?id={names['item']}",
        "/supervision/orders/new": f"?item={names['item']}",
        "/supervision/letter": f"?division={TOWNSHIP}",
    }
    return shape.format(**names) + query.get(shape, "")
