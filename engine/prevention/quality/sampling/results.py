"""What was found at a drawn household: it agrees, it differs, nobody was met (R39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework.models import Account
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.prevention.models import Household, Sample, SampleHousehold, SampleStratum
from engine.prevention.quality import findings
from engine.prevention.quality.findings import Found
from engine.prevention.quality.sampling import samples

RESULTS = {"agrees": "相符", "differs": "有问题", "unreached": "没有见到人"}
KINDS = {
    "members": "家庭成员不实",
    "income": "收入支出不实",
    "assurances": "“三保障”和饮水安全不实",
    "risks": "风险、类别不实",
    "measures": "帮扶措施不实或没有落实",
    "elimination": "消除标注不实",
    "omitted": "应纳未纳",
    "other": "其他问题",
}
"""What a problem is about."""
WAYS = {
    "members": "members",
    "income": "check",
    "assurances": "check",
    "risks": "check",
    "measures": "plan",
    "elimination": "standing",
    "omitted": "standing",
}
"""Where each is put right (`quality.correcting.ways`)."""


@dataclass(frozen=True)
class Typed:
    """A result as it was typed; of problems kind and words."""

    result: str
    visited_on: date | None
    checked_by: str
    problems: Sequence[tuple[str, str]] = ()
    note: str = ""


def get(session: Session, actor: Account, sample_id: int, row_id: int) -> SampleHousehold:
    """A drawn household of a sample of the actor's. Raises NotFound."""
    sample = samples.get(session, actor, sample_id)
    query = select(SampleHousehold).where(
        SampleHousehold.id == row_id, SampleHousehold.sample_id == sample.id
    )
    household = joinedload(SampleHousehold.household)
    query = query.join(SampleHousehold.stratum).where(SampleHousehold.position <= SampleStratum.size)
    row = session.scalar(query.options(household.joinedload(Household.division)))
    if row is None:
        raise NotFound("这户没有抽中。")
    return row


@whole
def enter(
    session: Session, actor: Account, sample_id: int, row_id: int, typed: Typed, *, clock: Clock
) -> SampleHousehold:
    """Enter what was found; problems go to the village as findings in the same transaction.

    What was entered stays; only who was not met can be met later. Raises Invalid, Conflict, NotFound.
    """
    now = clock.now()
    with write(session):
        row = get(session, actor, sample_id, row_id)
        session.refresh(row, with_for_update=True)
        if row.result in ("agrees", "differs"):
            raise Conflict("这户的核查结果已经录入，不能再改。")
        sample = session.get_one(Sample, sample_id)
        _check(sample, typed, now)
        row.result, row.visited_on = typed.result, typed.visited_on
        row.checked_by, row.note = text.line(typed.checked_by), text.paragraphs(typed.note)
        problems = typed.problems if typed.result == "differs" else ()
        row.problems = [{"kind": kind, "text": text.paragraphs(said)} for kind, said in problems]
        row.entered_by, row.entered_at = actor.id, now
        session.flush()
        findings.report(session, _findings(session, sample, row), source="sample", run_id=None, now=now)
    return row


def _findings(session: Session, sample: Sample, row: SampleHousehold) -> list[Found]:
    """What the village is asked to put right: a finding for each kind of problem."""
    said: dict[str, list[str]] = {}
    for problem in row.problems:
        said.setdefault(problem["kind"], []).append(problem["text"])
    household_id = _goes_on(session, row.household_id)
    seen = {"sample": sample.id, "visited_on": row.visited_on.isoformat() if row.visited_on else ""}
    return [
        Found(
            f"sample_{kind}",
            household_id,
            "",
            f"抽查发现{KINDS[kind]}：{'；'.join(texts)}",
            {**seen, "problems": texts},
            way=WAYS.get(kind, ""),
        )
        for kind, texts in said.items()
    ]


def _goes_on(session: Session, household_id: int) -> int:
    """The record that goes on instead of one that was merged since it was drawn, else itself."""
    household = session.get_one(Household, household_id)
    while household.merged_into_id is not None:
        household = session.get_one(Household, household.merged_into_id)
    return household.id


def _check(sample: Sample, typed: Typed, now: datetime) -> None:
    """Raises Invalid, field by field."""
    wrong: dict[str, list[str]] = {}
    if typed.result not in RESULTS:
        wrong["result"] = ["核查结果：请选择。"]
    if typed.visited_on is None or not sample.seeded_on <= typed.visited_on <= local_date(now):
        wrong["visited_on"] = ["核查日期：请填开展抽查以后、今天以前（含今天）的日期。"]
    if not text.line(typed.checked_by) or len(text.line(typed.checked_by)) > 120:
        wrong["checked_by"] = ["核查人：请填写，不超过 120 字。"]
    if len(text.paragraphs(typed.note)) > 500:
        wrong["note"] = ["说明：最多 500 字。"]
    if typed.result == "unreached" and not text.paragraphs(typed.note):
        wrong["note"] = ["说明：没有见到人的，请写明原因。"]
    if typed.result == "differs":
        wrong |= _wrong_problems(typed)
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)


def _wrong_problems(typed: Typed) -> dict[str, list[str]]:
    if not typed.problems:
        return {"problems": ["问题：请至少写明一个。"]}
    for number, (kind, said) in enumerate(typed.problems, 1):
        words = text.paragraphs(said)
        if kind not in KINDS or not words or len(words) > 300:
            return {"problems": [f"第 {number} 个问题：请选择种类，并写明情况，不超过 300 字。"]}
    return {}
