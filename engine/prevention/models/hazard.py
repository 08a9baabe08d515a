"""A large-scale risk (R30, R33): where it is, what departments say, its plans with their measures, the clues
that it raised for the households of its area.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models import Account
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime
from engine.prevention.models.household import Household, RiskClue


class Hazard(Base):
    """An event or a danger that may throw many households back at once. Its cases are those of its county."""

    __tablename__ = "hazard"
    __table_args__ = (
        Index("ix_hazard_village_code_status", "village_code", "status", "id"),
        # numbers of a range of their own (engine.prevention.hazards.beginnings)
        CheckConstraint("id > 1000000000", name="ck_hazard_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(String(12))  # the county that answers for it
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(30))  # of the five kinds, as the form of a report lists them
    sub_kind: Mapped[str] = mapped_column(String(30), default="")  # of a natural disaster
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    reporter: Mapped[str] = mapped_column(String(60))
    description: Mapped[str] = mapped_column(String(1000), default="")
    households: Mapped[int | None]  # affected, as it was reported
    people: Mapped[int | None]
    in_area: Mapped[int] = mapped_column(default=0)  # households in the area, counted in the register
    people_in_area: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(10), default="reported")
    # reported, under_way, closed, dismissed (no large-scale risk)
    result: Mapped[str] = mapped_column(String(1000), default="")  # as it was closed, or why it was dismissed
    closed_on: Mapped[date | None]
    reported_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    areas: Mapped[list[HazardArea]] = relationship(order_by="HazardArea.division_code")


class HazardArea(Base):
    """A division of any level that the hazard reaches, whole."""

    __tablename__ = "hazard_area"
    id: Mapped[int] = mapped_column(primary_key=True)
    hazard_id: Mapped[int] = mapped_column(ForeignKey("hazard.id"), index=True)
    division_code: Mapped[str] = mapped_column(String(12), index=True)  # twice where two places became one
    added_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HazardAct(Base):
    """One act that raises a clue for each of many households; worked off in portions."""

    __tablename__ = "hazard_act"
    __table_args__ = (
        Index(
            "ix_hazard_act_unfinished",
            "id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    hazard_id: Mapped[int] = mapped_column(ForeignKey("hazard.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    discovered_on: Mapped[date]
    description: Mapped[str] = mapped_column(String(500))
    risks: Mapped[list[str]] = mapped_column(JsonText, default=list)
    chosen: Mapped[str] = mapped_column(String(300), default="")  # which part of the area, in words
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    total: Mapped[int]
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # all done, and each desk told once
    account: Mapped[Account] = relationship()


class HazardHousehold(Base):
    """What the hazard meant for one household: at most one clue, however often the act is repeated."""

    __tablename__ = "hazard_household"
    __table_args__ = (
        UniqueConstraint("hazard_id", "household_id"),
        Index("ix_hazard_household_act_id_status", "act_id", "status", "id"),
        Index("ix_hazard_household_place", "hazard_id", "village_code", "status"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    hazard_id: Mapped[int] = mapped_column(ForeignKey("hazard.id"))
    act_id: Mapped[int] = mapped_column(ForeignKey("hazard_act.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(8), default="pending")
    # pending, opened, joined (an identification takes it), held (another procedure is open), kept (monitored:
    # the township adjusts its help), refused
    text: Mapped[str] = mapped_column(String(300), default="")
    clue_id: Mapped[int | None] = mapped_column(ForeignKey("risk_clue.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    # that took the clue at first; the clue itself says which has it now
    household: Mapped[Household] = relationship()
    clue: Mapped[RiskClue | None] = relationship()


class HazardConsultation(Base):
    """A consultation with departments: who sat together and what each of them said (R32)."""

    __tablename__ = "hazard_consultation"
    id: Mapped[int] = mapped_column(primary_key=True)
    hazard_id: Mapped[int] = mapped_column(ForeignKey("hazard.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(100), default="")
    chair: Mapped[str] = mapped_column(String(40), default="")
    minutes: Mapped[list[dict[str, Any]]] = mapped_column(JsonText, default=list)
    # a row for each department: department, person, facts, opinion
    conclusion: Mapped[str] = mapped_column(String(1000), default="")
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HazardPlan(Base):
    """A contingency plan (预案); a later one of the same hazard leaves the earlier ones in force."""

    __tablename__ = "hazard_plan"
    id: Mapped[int] = mapped_column(primary_key=True)
    hazard_id: Mapped[int] = mapped_column(ForeignKey("hazard.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    made_on: Mapped[date]
    goal: Mapped[str] = mapped_column(String(1000), default="")
    status: Mapped[str] = mapped_column(
        String(10), default="made"
    )  # made, withdrawn (the step was taken back)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    measures: Mapped[list[HazardMeasure]] = relationship(order_by="HazardMeasure.id", back_populates="plan")


class HazardMeasure(Base):
    """One measure of a plan: what, who answers for it, by when."""

    __tablename__ = "hazard_measure"
    __table_args__ = (Index("ix_hazard_measure_hazard_id_status", "hazard_id", "status", "due_on"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("hazard_plan.id"), index=True)
    hazard_id: Mapped[int] = mapped_column(ForeignKey("hazard.id"))
    content: Mapped[str] = mapped_column(String(500))
    unit: Mapped[str] = mapped_column(String(80))
    person: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(20), default="")
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(12), default="planned")  # planned, under_way, done, stopped
    done_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(String(500), default="")  # of the latest report
    plan: Mapped[HazardPlan] = relationship(back_populates="measures")
    progress: Mapped[list[HazardProgress]] = relationship(order_by="HazardProgress.id")


class HazardProgress(Base):
    """One report on a measure; all of them stay."""

    __tablename__ = "hazard_progress"
    id: Mapped[int] = mapped_column(primary_key=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("hazard_measure.id"), index=True)
    reported_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(500), default="")
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
