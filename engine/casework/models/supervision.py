"""What supervisors do about limits: urging, orders; whom the ladder tells;
what is on its way out of the system.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, and_, exists, select, text
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from engine.casework.models.case import CaseFile, WorkItem
from engine.casework.models.organisation import Account
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime, table


class Urge(Base):
    """催办: a person urged an open item; once a day, item and person."""

    __tablename__ = "urge"
    __table_args__ = (
        UniqueConstraint("work_item_id", "account_id", "on_day"),
        Index("ix_urge_case_id", "case_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    on_day: Mapped[date]
    text: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()
    item: Mapped[WorkItem] = relationship()


class SupervisionOrder(Base):
    """督办单: a supervisor asks the unit that holds an item for the cause of a delay and a promise (form 20).

    open → answered → accepted, or returned → answered again; void when the case was ended as a mistake. It
    never moves the case.
    """

    __tablename__ = "supervision_order"
    __table_args__ = (
        Index("ix_supervision_order_village_code", "village_code", "status", "id"),
        Index(
            "ix_supervision_order_desk",  # what a unit still has to answer
            "queue",
            "division_code",
            "id",
            sqlite_where=text("status IN ('open', 'returned')"),
            postgresql_where=text("status IN ('open', 'returned')"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12))
    queue: Mapped[str] = mapped_column(String(10))
    division_code: Mapped[str] = mapped_column(String(12))
    matter: Mapped[str] = mapped_column(String(500))
    answer_by: Mapped[date]
    status: Mapped[str] = mapped_column(
        String(10), default="open"
    )  # open, answered, returned, accepted, void
    promised_on: Mapped[date | None]  # of the latest answer
    promise_passed: Mapped[bool] = mapped_column(default=False)  # the day went by and the step was not done
    issued_by: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answers_to: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    # who hears of its answers instead of who issued it and has gone to another office
    step_open: ClassVar[Any]
    """Whether the case has not finished the step since, under whichever work item:
    a return opens another (R12).
    """
    issuer: Mapped[Account] = relationship(foreign_keys=[issued_by])
    case: Mapped[CaseFile] = relationship()
    item: Mapped[WorkItem] = relationship()
    entries: Mapped[list[OrderEntry]] = relationship(order_by="OrderEntry.id", back_populates="order")


class OrderEntry(Base):
    """One line of an order: an answer with its form, a return with its reason, the acceptance;
    never changed.
    """

    __tablename__ = "order_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("supervision_order.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # answered, returned, accepted
    data: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    form_sha256: Mapped[str] = mapped_column(
        String(64), default="", server_default=""
    )  # the form of an answer
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()
    order: Mapped[SupervisionOrder] = relationship(back_populates="entries")


_ASKED, _DONE = table(WorkItem).alias(), table(WorkItem).alias()
SupervisionOrder.step_open = column_property(
    and_(
        exists(select(CaseFile.id).where(CaseFile.id == SupervisionOrder.case_id, CaseFile.status == "open")),
        ~exists(
            select(_DONE.c.id)
            .join(
                _ASKED, and_(_ASKED.c.case_id == _DONE.c.case_id, _ASKED.c.element_id == _DONE.c.element_id)
            )
            .where(
                _ASKED.c.id == SupervisionOrder.work_item_id,
                _DONE.c.status == "done",
                _DONE.c.closed_at >= SupervisionOrder.issued_at,
            )
        ),
    )
)


class NotificationRule(Base):
    """Whom an event of the ladder is told, by what channel; `procedure_key` and `element_id` empty:
    every one.
    """

    __tablename__ = "notification_rule"
    __table_args__ = (
        UniqueConstraint("event", "procedure_key", "element_id", "audience", "channel", "target"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(String(12), index=True)
    procedure_key: Mapped[str] = mapped_column(String(60), default="")
    element_id: Mapped[str] = mapped_column(String(80), default="")
    audience: Mapped[str] = mapped_column(String(24))
    channel: Mapped[str] = mapped_column(String(10))  # bell, email, webhook
    target: Mapped[str] = mapped_column(
        String(40), default=""
    )  # of a webhook: the robot's name in the configuration
    repeat_days: Mapped[int] = mapped_column(default=0)  # of the event ``repeated``: every so many days
    active: Mapped[bool] = mapped_column(default=True)
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Outbox(Base):
    """What is to leave the system after the commit: an e-mail or a robot's message;
    written in the step's transaction.

    `key` goes along on the wire, so that a receiver may drop a double.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_pending",
            "next_at",
            "id",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_outbox_status", "status", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"))
    channel: Mapped[str] = mapped_column(String(10))  # email, webhook
    target: Mapped[str] = mapped_column(String(120))  # an address; a robot's name
    payload: Mapped[dict[str, object]] = mapped_column(JsonText)  # subject, text
    status: Mapped[str] = mapped_column(String(8), default="pending")  # pending, sent, failed
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(String(300), default="")


class Notification(Base):
    """A line in an official's bell: a warning, a return, an overdue mark; about a subject,
    mostly about a case.

    Or one person's line (`account_id` instead of a desk): about a draft of a procedure, or a case.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_division_code_queue", "division_code", "queue", "id"),
        Index("ix_notification_account_id", "account_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject_id: Mapped[int | None]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_draft.id"))
    queue: Mapped[str] = mapped_column(String(10), default="")
    division_code: Mapped[str] = mapped_column(String(12), default="")
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
