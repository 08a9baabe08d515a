"""Samples: who announces one, extends it, sees it (R39)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework import audit
from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import PAGE, Page, page_of
from engine.prevention.models import Household, Sample, SampleHousehold, SampleStratum
from engine.prevention.quality.sampling.drawing import TOLD_APART, heads, seed_of
from engine.prevention.register.naming import STATUS_NAMES

DRAWS = frozenset({"county_approver", "city_reviewer", "province_reviewer"})
DRAWN_FROM = ("ordinary", "identifying", "monitored", "eliminated", "cleared")
"""The standings of households that a sample may be drawn from."""
MOST = 10_000
"""Households drawn from one stratum, at most."""
RESERVE, LEAST_RESERVE = 10, 200
"""How many times the size is kept of a stratum's order, and how many at least: as far a sample extends."""
DRAWN = SampleHousehold.position <= SampleStratum.size


@dataclass(frozen=True)
class Typed:
    """A sample as it was typed."""

    division_code: str
    name: str
    strata_by: Sequence[str]
    statuses: Sequence[str]
    size: int | None


def places(session: Session, actor: Account) -> list[Division]:
    """The places that the actor draws samples of: those of their grants."""
    codes = {grant.division_code for grant in actor.grants if grant.role in DRAWS}
    query = select(Division).where(Division.code.in_(codes))
    return list(session.scalars(query.order_by(Division.code)))


def may_draw(actor: Account, division_code: str) -> bool:
    """Whether a grant of the actor is for the place or for what holds it."""
    return access.reaches(actor, division_code, DRAWS)


@whole
def announce(session: Session, actor: Account, typed: Typed, *, clock: Clock) -> Sample:
    """Announce a sample and fix its seed; nothing is known of its frame yet. Raises Invalid, NotAllowed."""
    if not may_draw(actor, typed.division_code):
        raise NotAllowed("抽查由省、市、县在本地范围内开展。")
    now = clock.now()
    with write(session):
        size = _checked(session, typed)
        sample = Sample(
            division_code=typed.division_code,
            name=text.line(typed.name),
            strata_by=[one for one in TOLD_APART if one in typed.strata_by],
            statuses=[one for one in DRAWN_FROM if one in typed.statuses],
            size=size,
            reserve=max(RESERVE * size, LEAST_RESERVE),
            seed="",
            seed_of=[],
            seeded_on=local_date(now),
            created_by=actor.id,
            created_at=now,
        )
        session.add(sample)
        session.flush()
        said = {"sample": sample.id, "name": sample.name, "division": sample.division_code, "size": size}
        audit.record(session, "parameters", actor.id, "sample_announced", said, now)
        session.flush()
        sample.seed_of = heads(session, sample.seeded_on)
        sample.seed = seed_of(sample.seed_of)
    return sample


def _checked(session: Session, typed: Typed) -> int:
    """How many households from each stratum. Raises Invalid, field by field."""
    wrong: dict[str, list[str]] = {}
    if not text.line(typed.name) or len(text.line(typed.name)) > 80:
        wrong["name"] = ["名称：请填写，不超过 80 字。"]
    if not set(typed.statuses) & set(DRAWN_FROM):
        wrong["statuses"] = ["从哪些农户中抽：至少选一种。"]
    size = _size(typed.size, 1)
    if size is None:
        wrong["size"] = [_NO_SIZE]
    divisions.standing(session, typed.division_code)
    if size is None or wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return size


_NO_SIZE = f"每层抽多少户：请填 1 到 {MOST:,} 的整数。"


def _size(typed: int | None, least: int) -> int | None:
    return typed if typed is not None and least <= typed <= MOST else None


@whole
def extend(session: Session, actor: Account, sample_id: int, size: int | None, *, clock: Clock) -> Sample:
    """Draw more of the same order: the first stay. Raises Invalid, Conflict, NotAllowed, NotFound."""
    with write(session):
        sample = get(session, actor, sample_id)
        session.refresh(sample, with_for_update=True)
        if sample.status != "drawn":
            raise Conflict("还在抽取，请稍后再扩大。")
        if size is None or size <= sample.size:
            raise Invalid(f"扩大：请填比现在的 {sample.size} 户多的整数。")
        if size > sample.reserve:
            raise Invalid(f"这次抽查每层最多扩大到 {sample.reserve} 户；还要更多的，请另外开展一次抽查。")
        sample.size = size
        smaller = func.min if session.get_bind().dialect.name == "sqlite" else func.least
        grown = update(SampleStratum).where(SampleStratum.sample_id == sample.id)
        session.execute(grown.values(size=smaller(size, SampleStratum.frame_size)))
        said = {"sample": sample.id, "size": size}
        audit.record(session, "parameters", actor.id, "sample_extended", said, clock.now())
    session.expire_all()
    return sample


# -- seeing ----------------------------------------------------------------------------------------


def get(session: Session, actor: Account, sample_id: int) -> Sample:
    """A sample of the actor's. Raises NotFound for everybody who does not draw samples of its place."""
    sample = session.get(Sample, sample_id, options=[selectinload(Sample.strata)])
    if sample is None or not may_draw(actor, sample.division_code):
        raise NotFound("没有找到这次抽查。")
    return sample


def listing(session: Session, actor: Account, page: int = 1) -> Page[Sample]:
    """The samples of the actor's places, the latest first. Raises NotAllowed for who draws none."""
    access.require_role(actor, *DRAWS)
    query = select(Sample).where(access.within(Sample.division_code, access.scopes(actor, DRAWS)))
    return page_of(session, query, query.order_by(Sample.id.desc()), page)


@dataclass(frozen=True)
class Counted:
    """A stratum in figures."""

    stratum: SampleStratum
    name: str
    results: Mapping[str, int]
    """Households by result; '' for those not checked yet."""

    def of(self, result: str) -> int:
        """How many have this result."""
        return self.results.get(result, 0)


def counts(session: Session, sample: Sample, words: Mapping[str, Mapping[str, str]]) -> list[Counted]:
    """The strata with how many of their drawn households were found as what, in two queries.

    `words` names codes by what strata are told apart by.
    """
    query = (
        select(SampleHousehold.stratum_id, SampleHousehold.result, func.count())
        .join(SampleHousehold.stratum)
        .where(SampleHousehold.sample_id == sample.id, DRAWN)
        .group_by(SampleHousehold.stratum_id, SampleHousehold.result)
    )
    found: dict[int, dict[str, int]] = {}
    for stratum_id, result, count in session.execute(query):
        found.setdefault(stratum_id, {})[result] = count
    names = divisions.names(session, {one.county_code for one in sample.strata})
    return [
        Counted(one, called(one, sample, names, words), found.get(one.id, {}))
        for one in sorted(sample.strata, key=lambda one: (one.county_code, one.id))
    ]


def called(
    stratum: SampleStratum,
    sample: Sample,
    names: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]],
) -> str:
    """A stratum in words: 某县 · 监测对象 · 边缘易致贫户."""
    codes = [(name, str(getattr(stratum, name))) for name in sample.strata_by]
    said = [words[name].get(code, code) if code else "没有" for name, code in codes]
    return " · ".join([names.get(stratum.county_code, stratum.county_code), *said])


@dataclass(frozen=True)
class Narrowing:
    """Which of the drawn households a list shows; '' for all."""

    county: str = ""
    result: str | None = None
    page: int = 1


def drawn(
    session: Session, sample: Sample, wanted: Narrowing = Narrowing(), size: int = PAGE
) -> Page[SampleHousehold]:
    """The drawn households, village by village, so that who goes there goes once."""
    query = _drawn(sample, wanted)
    ordered = query.order_by(
        SampleHousehold.village_code, SampleHousehold.stratum_id, SampleHousehold.position
    )
    household = joinedload(SampleHousehold.household)
    ordered = ordered.options(
        household.joinedload(Household.division), household.selectinload(Household.members)
    )
    return page_of(session, query, ordered, wanted.page, size)


def _drawn(sample: Sample, wanted: Narrowing) -> Select[SampleHousehold]:
    query = select(SampleHousehold).join(SampleHousehold.stratum)
    query = query.where(SampleHousehold.sample_id == sample.id, DRAWN)
    if wanted.county:
        query = query.where(SampleStratum.county_code == wanted.county)
    if wanted.result is not None:
        query = query.where(SampleHousehold.result == wanted.result)
    return query


def counties(session: Session, sample: Sample) -> dict[str, str]:
    """The counties that something was drawn in, by code."""
    codes = sorted({one.county_code for one in sample.strata})
    names = divisions.names(session, codes)
    return {code: names.get(code, code) for code in codes}


def statuses_said(sample: Sample) -> str:
    """From which households it is drawn, in words."""
    return "、".join(STATUS_NAMES[one] for one in sample.statuses)


def people(session: Session, numbers: Iterable[int | None]) -> dict[int, str]:
    """The names of accounts by number."""
    query = select(Account.id, Account.name).where(Account.id.in_({one for one in numbers if one}))
    return {row.id: row.name for row in session.execute(query)}
