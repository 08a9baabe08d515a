"""The register: households, members, what they earn and spend by year, and the clues about them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, Numeric, String, UniqueConstraint, inspect
from sqlalchemy.orm import (
    Mapped,
    foreign,
    joinedload,
    mapped_column,
    object_session,
    relationship,
    synonym,
    validates,
)

from engine.casework.models import CaseFile, Division, Notification
from engine.ground.tables import Base, JsonText, UtcDateTime, key_of, prefixed
from engine.ground.text import key


class Household(Base):
    """A rural household. `status` is its place in the life of a monitored household."""

    __tablename__ = "household"
    __table_args__ = (
        Index("ix_household_village_code_head_name", "village_code", "head_name"),
        Index("ix_household_village_code_head_key", "village_code", "head_key"),
        Index("ix_household_status_village_code", "status", "village_code", "id"),
        prefixed("household", "head_key", "village_code"),  # how many of a name there are in a wide reach
        prefixed("household", "head_id_number"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12))
    head_name: Mapped[str] = mapped_column(String(40), index=True)
    head_key: Mapped[str] = mapped_column(String(80), default=key_of("head_name", 80))
    # as `text.key` has it: what names are compared and looked for by
    head_id_number: Mapped[str] = mapped_column(String(22), default="")
    group_name: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    address_key: Mapped[str] = mapped_column(String(200), default=key_of("address", 200))
    phone: Mapped[str] = mapped_column(String(20), default="", index=True)
    household_type: Mapped[str] = mapped_column(String(30), default="ordinary")
    # ordinary 一般农户, lifted_with_policy 脱贫享受政策户, lifted_without_policy 脱贫不享受政策户,
    # allowance 低保户, destitute 特困供养户
    status: Mapped[str] = mapped_column(String(20), default="ordinary")
    # ordinary, identifying, monitored, eliminated, cleared; merged into another, gone with all its people
    category: Mapped[str] = mapped_column(String(20), default="")  # unstable, marginal, sudden_hardship (R17)
    monitored_on: Mapped[date | None]
    eliminated_on: Mapped[date | None]  # the county's approval of the mark (R25)
    elimination_manner: Mapped[str] = mapped_column(String(20), default="")  # stable, natural
    labour_exception: Mapped[str] = mapped_column(String(1000), default="")
    # why the county let a household wholly without labour be marked (R24); empty for every other
    cleared_on: Mapped[date | None]
    national_number: Mapped[str] = mapped_column(String(40), default="")
    key_groups: Mapped[list[str]] = mapped_column(JsonText, default=list)
    risks: Mapped[list[str]] = mapped_column(JsonText, default=list)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # who registered it (R38)
    entered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it came with the installation
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), index=True)
    # the record that goes on instead of this one, which was the same household registered twice
    division: Mapped[Division] = relationship()
    members: Mapped[list[Member]] = relationship(order_by="Member.position", cascade="all, delete-orphan")
    years: Mapped[list[HouseholdYear]] = relationship(order_by="HouseholdYear.year")

    @property
    def name(self) -> str:
        """What people look for it by: its head's name."""
        return self.head_name

    @validates("head_name")
    def _head(self, _name: str, value: str) -> str:
        self.head_key = key(value)[:80]
        return value

    @validates("address")
    def _address(self, _name: str, value: str) -> str:
        self.address_key = key(value)[:200]
        return value


class Member(Base):
    """A person who lives and shares income with the household."""

    __tablename__ = "member"
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    key: Mapped[str] = mapped_column(String(32), default=lambda: token_hex(8))
    # the same for one person of the household for good, whatever number or name is put right
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(40), index=True)
    name_key: Mapped[str] = mapped_column(String(80), default=key_of("name", 80), index=True)
    sex: Mapped[str] = mapped_column(String(6), default="")
    id_type: Mapped[str] = mapped_column(String(20), default="id_card")  # id_card, disability, none
    id_number: Mapped[str] = mapped_column(String(22), default="", index=True)
    person: Mapped[str | None] = mapped_column(String(18), unique=True)
    # the ID number's 18 characters: one person, one household (engine.persons); NULL where none is known, and
    # in a record that was merged into another
    birth_date: Mapped[date | None]
    relation: Mapped[str] = mapped_column(String(20), default="")
    facts: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    # education, schooling, health, labour, work_place, work_months, medical_insurance … as the form has them


class HouseholdYear(Base):
    """Income, spending (yuan) and assurances of a household in one year, as last verified."""

    __tablename__ = "household_year"
    __table_args__ = (UniqueConstraint("household_id", "year"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    year: Mapped[int]
    net_income: Mapped[Decimal] = mapped_column(Numeric(14, 2), default=Decimal(0))
    per_capita: Mapped[Decimal] = mapped_column(Numeric(14, 2), default=Decimal(0))
    income: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    spending: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    assurances: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Observation(Base):
    """Income and assurances of a household as seen on a day:
    the history that elimination is judged by (R23).
    """

    __tablename__ = "observation"
    __table_args__ = (Index("ix_observation_household_id_observed_on", "household_id", "observed_on"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    observed_on: Mapped[date]
    net_income: Mapped[Decimal] = mapped_column(Numeric(14, 2))  # of the last 12 months, yuan
    per_capita: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    line_amount: Mapped[int]  # the reference line in force on that day (R01)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("monitoring_line.id"))
    assurances: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    source: Mapped[str] = mapped_column(String(40))  # the form it comes from
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RiskClue(Base):
    """A sign that a household may fall into poverty; the earliest of a case starts its clock (R06, R15)."""

    __tablename__ = "risk_clue"
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12), index=True)
    channel: Mapped[str] = mapped_column(String(20))  # cadre_check, department_warning, self_declaration
    finder: Mapped[str] = mapped_column(String(60))
    discovered_on: Mapped[date]
    description: Mapped[str] = mapped_column(String(500), default="")
    risks: Mapped[list[str]] = mapped_column(JsonText, default=list)
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held: Mapped[bool] = mapped_column(default=False)
    # another procedure of the register is open for the household: what follows from the clue is decided as
    # that ends
    cancelled_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # a wrong clue: why and by whom, `Correction`
    household: Mapped[Household] = relationship()


class Correction(Base):
    """Somebody asked to merge a record into another, or to cancel a wrong clue; a second person decides (R38,
    R41).
    """

    __tablename__ = "correction"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))  # merge, clue, gone, split, join
    data: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    # gone: how and since when; once done, the act of its changes and what the household was
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    into_id: Mapped[int | None] = mapped_column(
        ForeignKey("household.id"), index=True
    )  # the record that goes on
    clue_id: Mapped[int | None] = mapped_column(ForeignKey("risk_clue.id"))
    village_code: Mapped[str] = mapped_column(String(12), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(10), default="asked")  # asked, done, refused
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(500), default="")
    household: Mapped[Household] = relationship(foreign_keys=[household_id])
    into: Mapped[Household | None] = relationship(foreign_keys=[into_id])
    clue: Mapped[RiskClue | None] = relationship()


class MatchingResult(Base):
    """What the departments found about a household; immutable, reusable (R09)."""

    __tablename__ = "matching_result"
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    batch: Mapped[str] = mapped_column(String(40), default="")
    matched_on: Mapped[date]
    effect: Mapped[str] = mapped_column(String(20))  # none, to_verify, unmet, unavailable
    findings: Mapped[list[dict[str, object]]] = mapped_column(JsonText, default=list)
    no_data: Mapped[list[dict[str, object]]] = mapped_column(JsonText, default=list)
    # the departments that did not answer in time, each with the reason
    version: Mapped[int] = mapped_column(
        default=1
    )  # of the case's results: a late answer makes another (T09)
    source: Mapped[str] = mapped_column(String(80), default="")
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Notice(Base):
    """A public notice of a case in its village (R10); `matter` is what it proposes,
    `basis` what led to it.
    """

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    token: Mapped[str] = mapped_column(String(32))
    matter: Mapped[str] = mapped_column(String(100), default="")
    basis: Mapped[str] = mapped_column(String(500), default="")
    category: Mapped[str] = mapped_column(
        String(20), default=""
    )  # the one proposed, where the matter has one
    posted_on: Mapped[date]
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    place: Mapped[str] = mapped_column(String(200), default="")
    contact: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(String(4000), default="")
    status: Mapped[str] = mapped_column(String(12), default="open")  # open, closed, superseded, withdrawn
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    listed: Mapped[dict[str, object] | None] = mapped_column(JsonText)
    # how the household stands on the posted sheet: head, size; NULL of notices from before it was kept
    objections: Mapped[list[Objection]] = relationship(order_by="Objection.id")


class Objection(Base):
    """An objection to a notice; keeps it open until decided (R10)."""

    __tablename__ = "objection"
    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    raised_by: Mapped[str] = mapped_column(String(60), default="")  # empty = anonymous
    raised_on: Mapped[date]
    late_reason: Mapped[str] = mapped_column(String(300), default="")  # why it was entered after its day
    matter: Mapped[str] = mapped_column(String(1000))
    status: Mapped[str] = mapped_column(String(20), default="open")
    # open, dismissed, upheld_changed, upheld_withdrawn, moot (the case ended without a new notice)
    finding: Mapped[str] = mapped_column(String(1000), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Telling(Base):
    """A household was told a result: what, when, how (R10, R12)."""

    __tablename__ = "telling"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    text: Mapped[str] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


# A case about a household, and what people are told of one.
_about = relationship(
    Household, primaryjoin=lambda: foreign(CaseFile.subject_id) == Household.id, viewonly=True
)
inspect(CaseFile).add_property("household", _about)
inspect(CaseFile).add_property("household_id", synonym("subject_id"))
inspect(Notification).add_property("household_id", synonym("subject_id"))


def household_of(case: CaseFile) -> Household:
    """Whom the case is about: as a step has it at hand, which locks it together with the case."""
    session, key = object_session(case), (Household, (case.subject_id,), None)
    at_hand: Household | None = session.identity_map.get(key) if session is not None else None
    household: Household = at_hand or cast(Any, case).household
    return household


WITH_HOUSEHOLD = joinedload(cast(Any, CaseFile).household)
"""Read the cases' households along with them."""
