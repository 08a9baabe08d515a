"""The step transaction: whatever moves a case goes through here, once or not at all.

A `Step` holds the locked case row and its restored instance. Its owner feeds one input to the instance and
calls `finish`, which writes everything back in the same transaction: history, state, work items, timers,
notifications.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property, partial
from time import perf_counter
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from engine.casework import audit, definitions, kit, lamps
from engine.casework.kit.services import Sent, ServiceCall
from engine.casework.models import Account, CaseFile, ProcedureVersion, WorkItem
from engine.casework.organisation import calendar
from engine.casework.step import kept, locks
from engine.casework.step.host import LiveHost
from engine.casework.step.item_rows import Opened, facts_of, project_items
from engine.casework.step.meter import METER
from engine.casework.step.statements import (
    DRAFT,
    DRAWN,
    DROP_DRAFTS,
    FILES,
    ITEM,
    LIMIT,
    OPEN_QUEUES,
    RENAME_ITEM,
    RENAME_TIMER,
    RENAMED,
    STANDING,
    WAITING_EVENTS,
)
from engine.casework.step.submissions import submissions_of
from engine.casework.step.timer_rows import project_timers
from engine.casework.step.waiting import begun, holders
from engine.casework.telling import ladder, notifications
from engine.flow import replay
from engine.flow.history import lines
from engine.flow.history.lines import Line
from engine.flow.machine.codec import StateFormatError
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.machine.record import Record, WaitingTimer
from engine.ground.clock import not_before, written
from engine.ground.database import after_commit, set_stored
from engine.ground.database.prepared import change
from engine.ground.errors import EngineFault, NotFound


class Step:
    """One step transaction on one case. The caller is inside `engine.ground.database.write`.

    Its instant, `now`, is never before the last line of the case's history.
    """

    def __init__(self, session: Session, case: CaseFile, actor: Account | None, now: datetime) -> None:
        self.session, self.case, self.actor = session, case, actor
        self.now = not_before(now, case.log_at)
        self.opened: list[Opened] = []
        self._began = perf_counter()
        self._changes: dict[str, Any] = {}
        self._passed: list[Record] = []
        self.standing_again: list[str] = []
        self._rows: list[Any] | None = None
        self.first_opened: datetime | None = None
        """When the item at hand was first opened, where it was read along with the item."""
        self.sent: Sent | None = None

    @classmethod
    def on(cls, session: Session, case_id: int, actor: Account | None, now: datetime) -> Step:
        """Lock the case and open a step on it. Raises NotFound."""
        case = locks.case_by_id(session, case_id)
        if case is None:
            raise NotFound("没有找到这件事项。")
        return cls(session, case, actor, now)

    @classmethod
    def on_free(cls, session: Session, case_id: int, actor: Account | None, now: datetime) -> Step | None:
        """As `on`, but None where somebody else is at the case: nobody waits."""
        case = locks.case_by_id(session, case_id, skip_locked=True)
        return cls(session, case, actor, now) if case is not None else None

    @property
    def person(self) -> Account:
        """Whose step it is. Raises EngineFault in one of the system's own."""
        if self.actor is None:
            raise EngineFault("这一步没有写明是谁办的。")
        return self.actor

    @cached_property
    def connection(self) -> Connection:
        """The session's connection, for prepared statements; what objects still hold unflushed,
        it does not see.
        """
        return self.session.connection()

    @cached_property
    def files(self) -> dict[int, Any]:
        """The case's attachments by number, as they were when the step first asked."""
        return {row.id: row for row in FILES.all(self.session, case_id=self.case.id)}

    @cached_property
    def definition(self) -> Definition:
        """The version the case runs on."""
        return definitions.load(self.session, self.case.version_id)

    @cached_property
    def instance(self) -> Instance:
        """The case's instance; rebuilt from its history when its state is of an older format, or when
        the case is finished: then it keeps none.
        """
        host = LiveHost(self)
        if not self.case.log_seq:
            return Instance(self.definition, host)
        at_rest = kept.take(self.session, self.definition, self.case.state)
        if at_rest is not None:
            return at_rest.awake(host)
        try:
            return Instance.restored(self.definition, host, self.case.state)
        except StateFormatError:
            rebuilt = self.replay().run()
            rebuilt.host = host
            return rebuilt

    def let_go(self) -> Instance | None:
        """The instance, for another step; whoever asks this one for it again gets one of his own."""
        found: Instance | None = self.__dict__.pop("instance", None)  # the cached property's slot
        return found

    def replay(self) -> replay.Replay:
        """The case's history, ready to be fed to its definition again."""
        entries = audit.history(self.session, self.case.id)
        submissions = submissions_of(self.session, self.case.id)
        workdays = calendar.workdays_after(self.session)
        days = lines.kept_days(entry.line for entry in entries)
        return replay.Replay(self.definition, replay.inputs_of(entries), submissions, workdays, days)

    def continue_on(self, version: ProcedureVersion, definition: Definition, instance: Instance) -> None:
        """From here on the case runs on another version, as `instance`; its owner has logged the move."""
        self.change(version_id=version.id)
        set_stored(self.case, version=version)
        self.__dict__.update(definition=definition, instance=instance)  # the slots of the cached properties

    def continue_without(self, instance: Instance, standing: Sequence[Line]) -> None:
        """The case goes on as `instance`, which came of the lines still `standing`: so did its outcome."""
        self.__dict__["instance"] = instance  # the cached property's slot
        drawn = self.definition.elements
        ends = [line.ends for line in standing if isinstance(line, lines.Input)]
        ended = [end for one in ends for end in one if end in drawn]
        named = [drawn[end].name for end in ended if drawn[end].outcome is not None]
        self.change(
            outcome=named[-1] if named else "", outcome_code=str(instance.variables.get("outcome") or "")
        )

    def rename(self, old_token: str, new_token: str) -> None:
        """What the instance called `old_token` is `new_token` on another version:
        rows and drafts stay its own.
        """
        task = next((task for task in self.instance.open_tasks() if task.token == new_token), None)
        if task is not None:
            facts = {key: value for key, value in facts_of(self, task).items() if key in RENAMED}
            RENAME_ITEM.run(self.connection, case=self.case.id, old=old_token, due_at=task.due_at, **facts)
        timer = next((timer for timer in self.instance.timers() if timer.token == new_token), None)
        if timer is not None:
            element = self.definition.elements[timer.element_id]
            facts = {"token": new_token, "element_id": element.id, "name": element.name}
            RENAME_TIMER.run(self.connection, case=self.case.id, old=old_token, **facts)

    def call(self, element_id: str, token: str) -> ServiceCall:
        """The circumstances of a service call in this step."""
        return ServiceCall(
            self.session,
            self.case,
            self.actor,
            self.now,
            element_id,
            token,
            lambda timer: self.instance.due_of(timer, self.now),
            lambda name: self.instance.variables.get(name),
            lambda name: self.instance.pending(name),
            self.definition,
            self.sent,
        )

    def log(self, line: Line, element_id: str = "") -> None:
        """Append a line to the case's history."""
        actor_id = self.actor.id if self.actor else None
        self.change(**audit.append(self.connection, self.case, actor_id, line, self.now, element_id))
        self._save()

    def notify(self, queue: str, kind: str, text: str) -> None:
        """Put a line into the bell of everybody who works on `queue` for this case."""
        notifications.send(self.session, self.case, queue, kind, text, self.now)

    def rows(self, ended: WorkItem | None = None) -> list[Any]:
        """The rows of the case's open items and timers as they stand before `finish`, read once, and whether
        anybody has a draft of the item that has `ended`. A case that has only just been opened has none.
        """
        if self._rows is None:
            of_case = {"case_id": self.case.id, "ended": ended.id if ended else 0}
            self._rows = STANDING.all(self.connection, **of_case) if self.case.log_seq else []
        return self._rows

    def finish(self, said: lines.Saying | None = None, note: str = "", ended: WorkItem | None = None) -> None:
        """Write back all that the input did; what is `said` belongs to the input's own line of the history.

        `note` is shown on the work items that this step opens (the reason of a return). Nobody's draft of the
        item that has `ended` by what the input did outlives the step.
        """
        timers, was_open = self.instance.timers(), self.case.status == "open"
        rows, self._rows = self.rows(ended), None
        if ended is not None and any(row.kind == DRAFT for row in rows):
            DROP_DRAFTS.run(self.connection, ended=ended.id)
        over = ended.id if ended is not None else 0
        items = {row.token: row for row in rows if row.kind == ITEM and row.id != over}
        waiting = [row for row in rows if row.kind in DRAWN]
        wanted = {task.token: task for task in self.instance.open_tasks()}
        passed = self._passed_now(waiting)
        self._log_records(said, begun(wanted, items, [*timers, *passed], waiting))
        self._project_case([*timers, *passed])
        self._save()
        project_items(self, items, wanted, note)
        held = holders(wanted.values(), self.definition)
        project_timers(self, waiting, timers, {limit.token: limit.due_at for limit in passed}, held)
        self._tell_passed()
        self._tell_people()
        kinds = [record.kind for record in self.instance.records] or ["begun"]
        kind = next((one for one in kinds if one != lines.Fired.KIND), kinds[-1])
        self.instance.records.clear()
        if self.case.status != "open" and was_open:
            kit.ended(self.call("", ""))
        spent = perf_counter() - self._began
        after_commit(self.session, partial(METER.took, "step", spent, kind=kind))

    def never_passed(self) -> None:
        """R06: the clue that had made the case late was cancelled. It was late only if another one passed;
        what the present version no longer has counts as a limit.
        """
        elements, replay = self.definition.elements, self.replay()
        passed = (
            entry
            for entry in replay.inputs
            if entry.kind == lines.Fired.KIND
            and ((element := elements.get(replay.element_of(entry))) is None or element.is_limit)
        )
        if next(passed, None) is None:
            self.change(lamp_floor="green")

    def _passed_now(self, rows: Sequence[Any]) -> list[WaitingTimer]:
        """The limits that have passed while their work goes on, with the true day;
        asked for only when there can be one.
        """
        fired = any(record.kind == "timer" for record in self.instance.records)
        old = any(row.kind == "limit" and row.status == "fired" for row in rows)
        return self.instance.passed() if fired or old else []

    def _tell_people(self) -> None:
        """What the diagram asked for and the engine did otherwise: whose step it was hears of it,
        and the history says it.
        """
        for element_id, sentence in (told for record in self.instance.records for told in record.told):
            element = self.definition.elements[element_id]
            text = f"{kit.called(self.case)}：“{element.name}”{sentence}请核对前面填写的内容。"
            self.notify(element.queue or "county", "told", text)

    def change(self, **values: Any) -> None:
        """Change the case; all changes of a step are written together."""
        set_stored(self.case, **values)
        self._changes.update(values)

    def _save(self) -> None:
        change(self.connection, CaseFile, self.case.id, **self._changes)
        self._changes.clear()

    # -- history -----------------------------------------------------------------------------------

    def _log_records(self, said: lines.Saying | None, begun: lines.Begun | None) -> None:
        """A line for each record; the last also says what has begun to wait.

        Without an input that is a line of its own.
        """
        records = self.instance.records
        for record in records:
            self._log_record(record, said, begun if record is records[-1] else None)
        if begun and not records:
            self.log(begun)

    def _log_record(self, record: Record, said: lines.Saying | None, begun: lines.Begun | None) -> None:
        timed = record.kind == lines.Fired.KIND
        waits = {} if begun is None else {"opened": begun.opened, "limits": begun.limits}
        line = record.noted(lines.Fired if timed or said is None else said, **waits)
        actor_id = self.actor.id if self.actor and not timed else None
        added = audit.append(self.connection, self.case, actor_id, line, record.at, record.element_id)
        self.change(**added)
        if timed:
            self._mark_passed(record)

    def _mark_passed(self, record: Record) -> None:
        """A limit that has passed marks the case red for good; it never stops it (R15)."""
        if self.definition.elements[record.element_id].is_limit:
            self.change(lamp_floor="red")
            self._passed.append(record)

    def _tell_passed(self) -> None:
        """R15, R19: the ladder hears of the limits that this step saw pass,
        and looks again as its table says.
        """
        for record in self._passed:
            name = self.definition.elements[record.element_id].name
            last = f"，最后一天是{written(lamps.last_day(record.due_at))}" if record.due_at else ""
            text = f"{kit.called(self.case)}：{self.definition.name}的期限“{name}”已过{last}。"
            passed_at = record.due_at or record.at  # a limit that was taken back passes again, on another day
            self.tell("overdue", f"overdue:{record.token}:{passed_at:%Y%m%d}", text, record.element_id)
            self.standing_again.append(record.token)
        for token in dict.fromkeys(self.standing_again):
            limit = LIMIT.first(self.session, case_id=self.case.id, token=token)
            if limit is not None and limit.standing == "open":
                ladder.repeat_after(self.session, self.case, limit, self.now)
        self._passed.clear()
        self.standing_again.clear()

    def tell(
        self, event: str, key: str, text: str, element_id: str = "", holders: Sequence[str] = ()
    ) -> None:
        """Tell those whom the ladder's table names; `holders` are else the queues that hold the case now."""
        held = holders or self.holders()
        key = f"{self.case.id}:{key}"
        element = self.definition.elements.get(element_id)
        about = element.name if element else ""
        ladder.tell(self.session, ladder.Told(event, self.case, key, text, element_id, about, held), self.now)

    def _project_case(self, timers: Sequence[WaitingTimer]) -> None:
        variables = self.instance.variables
        state = b"" if self.instance.completed else self.instance.stored()
        limits = [timer.due_at for timer in timers if timer.limit]
        became: dict[str, Any] = {"state": state, "lock_version": self.case.lock_version + 1}
        became["limit_at"] = min(limits, default=None)
        if "outcome" in variables:
            became["outcome_code"] = str(variables["outcome"])
        ended = [end for record in self.instance.records for end in record.ends]
        named = [end for end in ended if self.definition.elements[end].outcome is not None]
        if named:
            became["outcome"] = self.definition.elements[named[-1]].name
        discovered = variables.get(kit.subjects_of(self.case.subject_id).known_since)
        if isinstance(discovered, str):
            became["discovery_date"] = date.fromisoformat(discovered[:10])
        if self.instance.completed:
            became |= {"status": "finished", "finished_at": self.now}
        self.change(**became)
        if state:
            kept.after_commit(self.session, self, state)
        else:
            kit.finished(self.call("", ""))

    def holders(self) -> list[str]:
        """The queues with which the case now is: of its items under a limit,
        and the lanes where it waits for a time.
        """
        waiting = WAITING_EVENTS.scalars(self.connection, case_id=self.case.id)
        elements = (self.definition.elements[element_id] for element_id in waiting)
        lanes = {element.queue for element in elements if element.queue}
        return sorted({*OPEN_QUEUES.scalars(self.connection, case_id=self.case.id), *lanes})
