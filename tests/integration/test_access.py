"""Who may open and do what: every route, every role. A route without a line here fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from engine.casework import definitions, kit
from engine.casework.models import (
    Attachment,
    BulkAct,
    CaseFile,
    Draft,
    LogEntry,
    Migration,
    Rehearsal,
    WorkItem,
)
from engine.casework.organisation.identity import journal, roster
from engine.casework.papers import compose, numbers
from engine.casework.papers.compose import Terms
from engine.casework.papers.kinds import kind_of
from engine.casework.portions.jobs import acts as jobs
from engine.casework.supervision import orders
from engine.casework.supervision.figures import walls
from engine.ground.database import write
from engine.owners import drafting
from engine.prevention.campaign import areas
from engine.prevention.hazards.watch import weekly
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
from engine.prevention.register import line_acts
from engine.prevention.register.filled import acts as filled
from engine.prevention.register.line_acts import LineAsked
from engine.prevention.transfers import offers
from tests.support import papers, screening, sheets
from tests.support.client import Caller, application, signed_in
from tests.support.template import COUNTY, OFFICIALS, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

PERSON = papers.id_number(papers.HEAD_ID)
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
ACTS = {
    "/hazards": REPORT,
    "/hazards/{hazard}/clues": RAISE,
    "/hazards/{hazard}/places": {"xian", "xian2"},
    "/hazards/acts/{raising}": RAISE,
    "/hazards/measures/{hazard_measure}": RAISE,
    "/watch/labels": {"xian", "xian2", "waixian", "shi", "sheng"},
    "/watch/labels/{label}/end": {"xian", "xian2", "shi", "sheng"},
    "/reports": {"shi"},
    "/township-modules": {"xian", "xian2", "waixian"},
    "/campaigns": {"xian", "xian2"},
    "/campaigns/{campaign}/close": {"xian", "xian2"},
    "/campaigns/{campaign}/households/{household}": {"cun", "cun2", "xiang", "xiang2"},
    "/campaigns/{campaign}/households/{household}/conflict": {"xiang", "xiang2"},
    "/campaigns/{campaign}/milestones/{milestone}": set(),
    "/campaigns/{campaign}/milestones/{milestone}/day": {"xian", "xian2"},
    "/campaigns/{campaign}/villages/{village}/areas": {"xiang", "xiang2", "xian", "xian2"},
    "/campaigns/{campaign}/villages/{village}/areas/{area}/dissolve": {"xiang", "xiang2", "xian", "xian2"},
    "/campaigns/{campaign}/villages/{village}/new": {"cun", "cun2", "xiang", "xiang2"},
    "/campaigns/{campaign}/villages/{village}/reviewed": COUNTY_WIDE,
    "/matching/take-in": {"xian", "xian2", "waixian"},
    "/matching/{matching}/ask": {"xian", "xian2"},
    "/matching/{matching}/export": {"xian", "xian2"},
    "/matching/{matching}/feedback": {"xian", "xian2"},
    "/matching/{matching}/settle": {"xian", "xian2"},
    "/quality/rules/parameters": {"sheng"},
    "/quality/runs": {"xian", "xian2", "waixian", "shi", "sheng"},
    "/quality/runs/weekly": {"xian", "xian2", "waixian", "shi", "sheng"},
    "/quality/runs/{run}/stop": DRAW,
    "/alarms/parameters": {"sheng"},
    "/alarms/{alarm}": set(),
    "/entries/agree": OFFER | {"waixian", "waixiang"},
    "/entries/send-back": set(),
    "/samples": DRAW,
    "/samples/{sample}/extend": DRAW,
    "/samples/{sample}/households/{row}": DRAW,
    "/imports/new/{kind}/{key}": set(),
    "/imports/{roster}": set(),
    "/imports/{roster}/columns": set(),
    "/screening/phone/entries": set(),
    "/screening/phone/papers/{uuid}": set(),
    "/screening/rescue": set(),
    "/tasks/{item}": WORK,
    "/tasks/{item}/draft": WORK,
    "/tasks/{item}/files": WORK,
    "/tasks/{item}/return": WORK,
    "/tasks/{item}/withdraw": set(),
    "/tasks/{item}/claim": WORK,
    "/tasks/{item}/release": WORK,
    "/tasks/{item}/reassign": WORK | {"ducha"},
    "/tasks/bulk": WORK,
    "/tasks/bulk/return": WORK,
    "/tasks/bulk/{act}": {"xiang"},
    "/tasks/bulk/{act}/stop": {"xiang"},
    "/jobs/{job}/cancel": {"xiang"},
    "/papers/{kind}": WORK,
    "/cases/{case}/messages/{message}": REACH,
    "/households/{household}/corrections": set(),
    "/corrections/{correction}": set(),
    "/households/search": set(EVERYBODY),
    "/clues/search": set(EVERYBODY),
    "/departments": set(EVERYBODY),
    "/departments/rows/{row}": set(),
    "/departments/thresholds": {"xian", "xian2", "waixian", "shi", "sheng"},
    "/departments/tokens": {"xitong"},
    "/departments/tokens/{bearer}/end": {"xitong"},
    "/register/search": set(EVERYBODY),
    "/households/{household}/reveal": REACH,
    "/households/{household}/transfer": OFFER,
    "/households/{household}/contact": OFFER | {"cun", "cun2"},
    "/transfers/{transfer}/accept": {"xian2", "xiang", "xiang2"},
    "/transfers/{transfer}/refuse": {"xian2", "xiang", "xiang2"},
    "/transfers/{transfer}/take-back": {"xian", "xian2", "xiang", "xiang2"},
    "/households/{household}/members": RECORD,
    "/households/{household}/members/{act}/take-back": set(),
    "/households/{household}/start/{key}": set(),
    "/lists/{message}.xlsx": set(),
    "/register/export": set(EVERYBODY),
    "/register/forms": OFFICIAL,
    "/register/forms/{foreign}/columns": {"xiang"},
    "/register/forms/{foreign}/filled.xlsx": {"xiang"},
    "/parameters/bodies": KEEP_BODIES,
    "/parameters/bodies/table": KEEP_BODIES,
    "/parameters/calendar": {"sheng", "xitong"},
    "/parameters/line": {"sheng"},
    "/parameters/line/{line}/decide": {"anquan"},
    "/parameters/line/{line}/withdraw": {"sheng"},
    "/schedules/{key}": {"xian", "xian2", "waixian"},
    "/clues": OFFICIAL,
    "/administration/incidents/{incident}/retry": {"xitong"},
    "/walls": WALLS,
    "/walls/{link}/revoke": WALLS - {"waixian"},
    "/drafts": OWNER,
    "/drafts/feel": OWNER,
    "/drafts/{draft}/rename": OWNER,
    "/drafts/{draft}/discard": OWNER,
    "/drafts/{draft}/import": OWNER,
    "/drafts/{draft}/diagram": OWNER,
    "/drafts/{draft}/check": OWNER,
    "/drafts/{draft}/resources": OWNER,
    "/drafts/{draft}/{part}/{resource}": OWNER,
    "/drafts/{draft}/{part}/{resource}/revert": OWNER,
    "/drafts/{draft}/{part}/{resource}/copy": OWNER,
    "/drafts/{draft}/{part}/{resource}/check": OWNER,
    "/drafts/{draft}/decisions/{resource}/try": OWNER,
    "/drafts/{draft}/forms/{resource}/preview": OWNER,
    "/drafts/{draft}/copy": OWNER,
    "/drafts/{draft}/seen": OWNER,
    "/drafts/{draft}/losses": OWNER,
    "/supervision/urge": {"ducha"},
    "/supervision/desks": {"ducha"},
    "/supervision/reassign": {"ducha"},
    "/supervision/orders": {"ducha"},
    "/supervision/orders/{order}": WORK,
    "/supervision/orders/{order}/judge": {"ducha"},
    "/supervision/letter": {"ducha"},
    "/administration/notifications": KEEPERS,
    "/administration/notifications/{rule}/switch": KEEPERS,
    "/administration/notifications/{rule}/remove": KEEPERS,
    "/administration/outbox/{row}/retry": {"xitong"},
    "/administration/outbox/retry": {"xitong"},
    "/drafts/{draft}/replay": OWNER,
    "/procedures/{key}/versions/{version}/replay": OWNER,
    "/replays/{replay}": OWNER,
    "/drafts/{draft}/trial": OWNER,
    "/procedures/{key}/versions/{version}/trial": OWNER,
    "/replays/{replay}/stop": OWNER,
    "/procedures/{key}/versions/{version}/move": OWNER,
    "/migrations/{migration}": OWNER,
    "/migrations/{migration}/confirm": OWNER,
    "/migrations/{migration}/stop": OWNER,
    "/procedures/{key}/restore": OWNER,
    "/drafts/{draft}/deploy": OWNER,
    "/drafts/{draft}/approve": OWNER,
    "/drafts/{draft}/send-back": OWNER,
    "/drafts/{draft}/submit-again": OWNER,
    "/administration/approval": {"anquan"},
    "/account": set(EVERYBODY),
    "/account/password": set(EVERYBODY),
    "/account/sessions/end": set(EVERYBODY),
    "/account/sessions/{sign_in}/end": set(EVERYBODY),
    "/account/tokens/{bearer}/end": set(EVERYBODY),
    "/administration/accounts/import": {"xitong"},
    "/administration/accounts/import/{roster}": {"xitong"},
    "/administration/accounts/import/{roster}/codes": {"xitong"},
    "/administration/log/log.xlsx": {"shenji"},
    "/administration/log/verify": {"shenji"},
    "/administration/log/verify/{check}": {"shenji"},
    "/administration/accounts/search": {"xitong", "anquan"},
    "/administration/accounts/new": {"xitong"},
    "/administration/accounts/{who}": {"xitong"},
    "/administration/accounts/{who}/disable": {"xitong"},
    "/administration/accounts/{who}/move": {"xitong"},
    "/administration/accounts/{who}/enable": {"xitong"},
    "/administration/accounts/{who}/reset": {"xitong"},
    "/administration/accounts/{who}/unlock": {"xitong"},
    "/administration/accounts/{who}/end": {"xitong"},
    "/administration/accounts/{who}/hand-over": {"xitong"},
    "/administration/accounts/{who}/roles": {"xitong"},
    "/administration/accounts/{who}/roles/{grant}/take": {"anquan"},
    "/administration/roles": {"anquan"},
    "/administration/sign-in": {"anquan"},
    "/login": set(EVERYBODY),
    "/logout": set(EVERYBODY),
    "/measures/{measure}/progress": {"cun", "cun2", "xiang", "xiang2"},
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
API_PUTS: dict[str, set[str]] = {"/screenings/{uuid}/papers/{uuid}": set()}
API_ACTS = {
    "/departments/warnings": set(),
    "/campaigns/{campaign}/screenings": {"cun", "cun2", "xiang", "xiang2"},
    "/households/{household}/transfer": OFFER,
    "/transfers/{transfer}/accept": {"xian2", "xiang", "xiang2"},
    "/transfers/{transfer}/refuse": {"xian2", "xiang", "xiang2"},
    "/transfers/{transfer}/take-back": {"xian", "xian2", "xiang", "xiang2"},
    "/accounts": {"xitong"},
    "/accounts/search": {"xitong", "anquan"},
    "/accounts/{who}": {"xitong"},
    "/accounts/{who}/disable": {"xitong"},
    "/accounts/{who}/enable": {"xitong"},
    "/accounts/{who}/end": {"xitong"},
    "/accounts/{who}/hand-over": {"xitong"},
    "/accounts/{who}/move": {"xitong"},
    "/accounts/{who}/reset": {"xitong"},
    "/accounts/{who}/roles": {"xitong"},
    "/accounts/{who}/roles/{grant}/take": {"anquan"},
    "/accounts/{who}/unlock": {"xitong"},
    "/role-requests/decide": {"anquan"},
    "/tasks/{item}/reveal": REACH,
    "/households/search": set(EVERYBODY),
    "/households/{household}/members/changes": RECORD,
    "/households/{household}/members/changes/take-back": set(),
    "/cases/{case}/messages": REACH,
    "/clues": OFFICIAL,
    "/tasks/{item}/attachments": WORK,
    "/tasks/{item}/claim": WORK,
    "/tasks/{item}/complete": WORK,
    "/tasks/{item}/reassign": WORK | {"ducha"},
    "/tasks/{item}/urge": {"ducha"},
    "/tasks/{item}/return": WORK,
    "/tasks/{item}/withdraw": set(),
    "/tasks/complete": WORK,
    "/procedures/check": {"liucheng"},
    "/procedures/{key}/versions": {"liucheng"},
    "/procedures/{key}/versions/{version}/migrate": OWNER,
    "/migrations/{migration}": OWNER,
    "/migrations/{migration}/confirm": OWNER,
    "/tokens": set(EVERYBODY),
}
REFUSED = {403, 404}


@pytest.fixture
def story(small_world: World) -> Iterator[tuple[World, Flask, dict[str, object]]]:
    """A household of village 甲 whose letter is to be signed, with a file."""
    case = small_world.enter()
    small_world.finish(case, "verify", "cun")
    item = small_world.open_items(case)["sign"]
    file = small_world.upload("cun", item)
    names = {
        "household": case.household_id,
        "case": case.id,
        "item": item.id,
        "file": file,
        "kind": "notice",
        "name": "icon.svg",
        "incident": 999,
        "key": "identification",
        "message": "objection",
        "batch": _batch(small_world, case),
        **_matching(small_world, case),
        "correction": 999,
        "transfer": _transfer(small_world, case),
        "finding": _finding(small_world, case),
        "measure": _measure(small_world, case),
        "sample": _sample(small_world),
        "run": _run(small_world),
        "alarm": 999,
        "figure": "returned",
        "token": walls.create(
            small_world.session, small_world.official("xian"), "", "大厅", small_world.clock.now()
        ),
        "link": 1,
        "proof": 999,
        "order": _order(small_world, item),
        "rule": 1,
        "row": 1,
        "draft": _draft(small_world),
        "part": "forms",
        "resource": "notice",
        "version": 1,
        "migration": _migration(small_world),
        "replay": _replay(small_world),
        "paper": _paper(small_world),
        "form": "pdf",
        "act": _act(small_world),
        "job": _job(small_world),
        "line": _line(small_world),
        "sign_in": 999,
        "bearer": 999,
        **_campaign(small_world),
        **_upwards(small_world),
        **_hazard(small_world, case),
        "uuid": "0b6d7b0e-0000-4000-8000-000000000000",
        "roster": roster.begin(
            small_world.session,
            small_world.official("xitong"),
            "账号,姓名\nneu,新甲".encode(),
            "neu.csv",
            small_world.clock.now(),
        ).id,
        "foreign": filled.begin(
            small_world.session,
            small_world.official("xiang"),
            "户主姓名,村\n".encode(),
            "form.csv",
            small_world.clock,
        ).id,
        "who": small_world.official("lin").id,
        "grant": 999,
        "check": journal.begin_check(
            small_world.session, small_world.official("shenji"), small_world.clock.now()
        ).id,
    }
    yield small_world, application(small_world), names


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
            world.session, record, compose.notice(terms, []), world.official("cun"), world.clock.now()
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
    return line_acts.ask(world.session, world.official("sheng"), asked, clock=world.clock).id


def _shape(rule: str) -> str:
    known = {
        "<int:household_id>": "{household}",
        "<int:case_id>": "{case}",
        "<int:item_id>": "{item}",
        "<kind>": "{kind}",
        "<int:attachment_id>": "{file}",
        "<path:filename>": "{name}",
        "<int:incident_id>": "{incident}",
        "<key>": "{key}",
        "<name>": "{message}",
        "<int:batch_id>": "{batch}",
        "<int:matching_id>": "{matching}",
        "<int:entry_id>": "{entry}",
        "<int:order_id>": "{order}",
        "<int:rule_id>": "{rule}",
        "<int:row_id>": "{row}",
        "<measure>": "{figure}",
        "<token>": "{token}",
        "<int:link_id>": "{link}",
        "<int:draft_id>": "{draft}",
        "<int:number>": "{version}",
        "<int:migration_id>": "{migration}",
        "<int:replay_id>": "{replay}",
        "<any(forms, decisions):part>": "{part}",
        "<resource>": "{resource}",
        "<int:measure_id>": "{measure}",
        "<int:correction_id>": "{correction}",
        "<int:transfer_id>": "{transfer}",
        "<int:finding_id>": "{finding}",
        "<int:paper_id>": "{paper}",
        "<any(html, docx, pdf):form>": "{form}",
        "<int:act_id>": "{act}",
        "<int:job_id>": "{job}",
        "<int:proof_id>": "{proof}",
        "<act>": "{act}",
        "<int:line_id>": "{line}",
        "<int:sign_in_id>": "{sign_in}",
        "<int:token_id>": "{bearer}",
        "<int:account_id>": "{who}",
        "<int:grant_id>": "{grant}",
        "<int:check_id>": "{check}",
        "<int:import_id>": "{roster}",
        "<uuid>": "{uuid}",
        "<int:campaign_id>": "{campaign}",
        "<int:hazard_id>": "{hazard}",
        "<int:raising_id>": "{raising}",
        "<int:hazard_measure_id>": "{hazard_measure}",
        "<int:label_id>": "{label}",
        "<code>": "{village}",
        "<int:area_id>": "{area}",
        "<int:report_id>": "{report}",
        "<int:annex>": "{annex}",
        "<int:module_id>": "{module}",
        "<int:form_id>": "{foreign}",
        "<int:sample_id>": "{sample}",
        "<int:run_id>": "{run}",
        "<int:alarm_id>": "{alarm}",
        "<int:milestone_id>": "{milestone}",
        "<uuid:entry>": "{uuid}",
        "<uuid:paper>": "{uuid}",
    }
    for old, new in known.items():
        rule = rule.replace(old, new)
    return rule


def test_every_route_is_in_the_walk(small_world: World) -> None:
    app = application(small_world)
    kinds = ("GET", "POST", "API GET", "API POST", "API PUT")
    found: dict[str, set[str]] = {kind: set() for kind in kinds}
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            path = _shape(rule.rule)
            kind = f"API {method}" if path.startswith("/api/v1") else method
            found[kind].add(path.removeprefix("/api/v1"))
    assert found == {
        "GET": set(PAGES),
        "POST": set(ACTS),
        "API GET": set(API_READS),
        "API POST": set(API_ACTS),
        "API PUT": set(API_PUTS),
    }


@pytest.mark.duty("R38")
def test_pages_open_for_whom_they_are_and_for_nobody_else(
    story: tuple[World, Flask, dict[str, object]],
) -> None:
    world, app, names = story
    for username in EVERYBODY:
        client = signed_in(app, world.official(username))
        for shape, allowed in PAGES.items():
            query = {
                "/tasks/bulk": f"?id={names['item']}",
                "/papers/{kind}": f"?id={names['item']}",
                "/supervision/orders/new": f"?item={names['item']}",
                "/supervision/letter": f"?division={TOWNSHIP}",
            }
            path = shape.format(**names) + query.get(shape, "")
            status = client.get(path).status_code
            if username in allowed:
                assert status < 400 or (shape, status) in EXPECTED, (username, shape, status)
            else:
                assert status in REFUSED | {422}, (username, shape, status)


LISTS = {
    "todo": ("/todo", {"q": "没有这个人"}),
    "done": ("/done", {"q": "没有这个人"}),
    "started": ("/started", {}),
    "papers": ("/papers", {"kind": "approval"}),
    "orders": ("/supervision/orders", {"status": "void"}),
    "accounts": ("/administration/accounts", {"q": "没有这个人"}),
    "clues": ("/clues", {"channel": "self_declaration"}),
    "measures": ("/measures", {"status": "done"}),
    "officials": ("/officials", {"q": "没有这个人"}),
    "unassigned": ("/officials", {"show": "missing"}),
    "corrections": ("/corrections", {"status": "refused"}),
    "transfers": ("/transfers", {"side": "sent"}),
    "batches": ("/batches", {"kind": "clearance"}),
    "batch": ("/batches/{batch}", {"batch_id": "{batch}"}),
    "screening": ("/campaigns/{campaign}/villages/{village}", {"show": "done"}),
    "hazards": ("/hazards", {"status": "closed"}),
    "hazard_households": ("/hazards/acts/{raising}", {"hazard_id": "{hazard}"}),
    "watch": ("/watch", {"kind": "low_share"}),
    "area_labels": ("/watch", {}),
    "findings": ("/findings", {"state": "closed"}),
    "department_lists": ("/departments", {"department": "disaster"}),
    "department_rows": ("/departments/rows", {"outcome": "raised"}),
    "matching_batches": ("/matching", {}),
    "matching_batch": ("/matching/{matching}", {"matching_id": "{matching}"}),
    "reports": ("/reports", {}),
    "modules": ("/township-modules", {"year": "2021"}),
}
"""By list that goes out as a file: its page, and what narrows it."""


@pytest.mark.duty("R41", "R38")
def test_a_list_goes_out_to_whom_its_page_is_open_and_as_it_is_narrowed(
    story: tuple[World, Flask, dict[str, object]],
) -> None:
    world, app, names = story
    assert set(LISTS) == set(kit.used().outgoing)
    where = {
        "batch_id": names["batch"],
        "campaign_id": names["campaign"],
        "code": names["village"],
        "matching_id": names["matching"],
        "hazard_id": names["hazard"],
    }
    seen: dict[str, int] = {}
    for username in ("cun", "xian", "waixian", "xitong"):
        client = signed_in(app, world.official(username))
        for name, (path, narrowed) in LISTS.items():
            given = {key: value.format(**names) for key, value in narrowed.items()}
            for asked in ({}, given) if name != "unassigned" else (given,):
                page = client.get(path.format(**names), query_string=asked)
                sent = client.post(f"/lists/{name}.xlsx", data={**where, **asked})
                assert (sent.status_code < 400) is (page.status_code < 400), (username, name)
                if sent.status_code >= 400:
                    continue
                rows = sheets.rows(sent.data)[1:]
                plain = re.sub(r"<details.*?</details>", "", page.text, flags=re.DOTALL)
                listed = plain.rpartition('<table class="list')[2]
                assert len(rows) == listed.count('<td class="subject'), (username, name, asked)
                assert ("王建国" in str(rows)) is ("王建国" in _listed(page.text)), (username, name)
                assert PERSON not in str(rows)
                seen[name] = seen.get(name, 0) + len(rows)
    empty = {"officials", "unassigned", "corrections", "department_lists", "department_rows", "reports"}
    assert {name for name in LISTS if not seen.get(name)} <= empty  # the story has none of them


def _listed(page: str) -> str:
    """The tables of a page."""
    return " ".join(re.findall(r"<tbody>.*?</tbody>", page, re.DOTALL))


EXPECTED = {
    ("/metrics", 404),
    ("/procedures/{key}/compare", 404),
    ("/procedures/{key}/drawing", 404),
    ("/papers/{kind}", 422),
    ("/cases/{case}/messages/{message}", 409),
    ("/tasks/bulk", 422),
    ("/township-modules/years.xlsx", 422),
}
"""Allowed, but there is nothing there yet: no notice hangs,
and a letter is neither signed in bulk nor posted; no year is chosen.
"""


@pytest.mark.duty("R38")
def test_acts_are_refused_to_everybody_else_and_change_nothing(
    story: tuple[World, Flask, dict[str, object]],
) -> None:
    world, app, names = story
    before = _state(world)
    for username in EVERYBODY:
        client = signed_in(app, world.official(username))
        for shape, allowed in ACTS.items():
            if username in allowed or shape in ("/tasks/{item}/withdraw", "/login", "/logout"):
                continue
            body = {
                "id": str(names["item"]),
                "item": str(names["item"]),
                "division": TOWNSHIP,
                "reason": "不该",
                "account_id": "1",
                "signed": "no",
            }
            answer = client.post(shape.format(**names), data=body)
            assert answer.status_code in REFUSED | {409, 422}, (username, shape, answer.status_code)
            if shape.startswith(
                ("/drafts", "/migrations", "/procedures", "/households", "/administration", "/wall")
            ):
                assert answer.status_code in REFUSED, (username, shape)
    assert _state(world) == before


@pytest.mark.duty("R38")
def test_the_api_refuses_the_same(story: tuple[World, Flask, dict[str, object]]) -> None:
    world, app, names = story
    before = _state(world)
    for username in EVERYBODY:
        caller = Caller(app, world, username)
        for shape, allowed in API_READS.items():
            status = caller.get(shape.format(**names)).status_code
            assert status == 200 if username in allowed else status in REFUSED, (username, shape, status)
        for shape, allowed in API_ACTS.items():
            if username in allowed:
                continue
            body = {
                "data": {"signed": "no"},
                "name": "objection",
                "account_id": 1,
                "reason": "不该",
                "ids": [names["item"]],
                "xml": "<x/>",
            }
            answer = caller.post(shape.format(**names), body)
            assert answer.status_code in REFUSED | {409, 422}, (username, shape, answer.status_code)
            assert answer.mimetype == "application/problem+json", shape
    assert _state(world) == before


def _state(world: World) -> list[object]:
    """What an act could have changed."""
    world.session.commit()
    items = [
        (i.id, i.status, i.claimed_by) for i in world.session.scalars(select(WorkItem).order_by(WorkItem.id))
    ]
    cases = list(world.session.scalars(select(CaseFile.log_seq).order_by(CaseFile.id)))
    files = list(world.session.scalars(select(Attachment.id)))
    return [items, cases, files, list(world.session.scalars(select(Draft.id)))]


@pytest.mark.duty("C2")
def test_lists_hold_only_what_the_actor_reaches(story: tuple[World, Flask, dict[str, object]]) -> None:
    world, app, _ = story
    for username in EVERYBODY:
        caller = Caller(app, world, username)
        seen = caller.get("/households").get_json()["total"], len(caller.get("/timers").get_json()["items"])
        assert (seen[0] == 1 and seen[1] > 0) if username in REACH else seen == (0, 0), username
        assert caller.get("/tasks").get_json()["total"] == (1 if username in WORK else 0), username


def test_nobody_without_signing_in(story: tuple[World, Flask, dict[str, object]]) -> None:
    _, app, names = story
    client = app.test_client()
    assert client.get("/metrics").status_code == 404
    for shape in set(PAGES) - {"/metrics"}:
        answer = client.get(shape.format(**names))
        open_to_all = shape in ("/login", "/health", "/live", "/ready", "/static/{name}", "/wall/{token}")
        assert answer.status_code == 200 if open_to_all else "/login" in answer.headers.get("Location", ""), (
            shape
        )
    for shape in ACTS:
        if shape != "/login":
            assert "/login" in client.post(shape.format(**names)).headers.get("Location", ""), shape
    for shape in API_READS:
        if shape != "/openapi.json":
            assert client.get("/api/v1" + shape.format(**names)).status_code == 401, shape
    for shape in API_ACTS:
        if shape != "/tokens":
            assert client.post("/api/v1" + shape.format(**names), json={}).status_code == 401, shape


@pytest.mark.duty("R38")
def test_revealing_numbers_is_logged(story: tuple[World, Flask, dict[str, object]]) -> None:
    world, app, names = story
    client = signed_in(app, world.official("xiang"))
    path = f"/households/{names['household']}"
    masked, shown = client.get(path).text, client.post(path + "/reveal").text
    number = "41990119750308123"
    assert number not in masked and number in shown
    world.session.commit()
    lines = world.session.scalars(select(LogEntry).where(LogEntry.kind == "reveal")).all()
    assert len(lines) == 1 and lines[0].actor_id == world.official("xiang").id
