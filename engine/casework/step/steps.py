"""The step transaction: whatever moves a case goes through here, once or not at all.

A `Step` holds the locked case row and its restored instance. Its owner feeds one input to the instance and
calls `finish`, which writes everything back in the same transaction: history, state, work items, timers,
notifications.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, cached_property, partial
from time import perf_counter
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.orm import Session

from engine.casework import audit, definitions, kit, lamps
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, ProcedureVersion, Timer, WorkItem
from engine.casework.organisation import access, calendar
from engine.casework.step import kept, locks
from engine.casework.step.meter import METER
from engine.casework.step.statements import (
    CANCEL_ITEM,
    DRAFT,
    DRAWN,
    DROP_DRAFTS,
    END_TIMER,
    FILES,
    ITEM,
    LIMIT,
    MOVE_ITEM,
    MOVE_TIMER,
    NO_REPEAT,
    OPEN_QUEUES,
    REDATE_LIMIT,
    RENAME_ITEM,
    RENAME_TIMER,
    RENAMED,
    SETTLE_LIMIT,
    STANDING,
    WAITING_EVENTS,
)
from engine.casework.step.submissions import submissions_of
from engine.casework.step.waiting import begun, item_words, wanted_timers
from engine.casework.telling import ladder, notifications
from engine.flow import replay, services, vocabulary
from engine.flow.history import lines
from engine.flow.history.lines import Line
from engine.flow.machine.codec import StateFormatError
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.machine.record import OpenTask, Record, WaitingTimer
from engine.ground.clock import written
from engine.ground.database import after_commit, save, set_stored
from engine.ground.database.objects import Objects
from engine.ground.database.prepared import add_each
from engine.ground.errors import EngineFault, NotFound

R = TypeVar("R")


def locked_rows(subjects: Any) -> tuple[Any, ...]:
    """What a step locks, in the one order: its services change the subject and the subject's other cases."""
    return (subjects, CaseFile)


def locked_case(subjects: Any) -> Select[Any]:
    """A case about one of `subjects` (a table) and that subject, locked, as they are now."""
    return (
        select(CaseFile, subjects)
        .join(subjects, subjects.id == CaseFile.subject_id)
        .with_for_update(of=locked_rows(subjects), key_share=True)
    )


@cache
def _case_by_id(subjects: Any, skip_locked: bool) -> Objects:
    """Built once for each of the field's tables: to build it anew costs more than to run it."""
    found = locked_case(subjects).where(CaseFile.id == bindparam("case_id"))
    locked = found.with_for_update(of=locked_rows(subjects), key_share=True, skip_locked=skip_locked)
    return Objects(locked, [CaseFile, subjects])


def case_and_subject(session: Session, case_id: int, *, skip_locked: bool = False) -> Any:
    """The case and its subject, as they are now, locked; None where there is none, or somebody holds them."""
    return first_found(lambda table: _case_by_id(table, skip_locked).one_or_none(session, case_id=case_id))


def first_found(look: Callable[[Any], R | None]) -> R | None:
    """What `look` finds in the first of the subjects' tables in which it finds anything.

    A number is of one kind: what is found there is what is meant.
    """
    found = (look(one.model) for one in kit.used().subjects)
    return next((one for one in found if one is not None), None)


class LiveHost:
    """Runs services in the step's own transaction."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        """Call the registered service; its errors roll the step back."""
        known = vocabulary.used().service.get(name)
        if known is None:
            raise EngineFault(f"服务“{name}”没有登记。")
        return services.call(known, self._step.call(element_id, token), parameters)

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        """The record keeps decisions; nothing more to do."""

    def workdays(self, day: date, count: int) -> date:
        """The day that is `count` working days after `day`, by the editable calendar."""
        return calendar.workdays_after(self._step.session)(day, count)


@dataclass(frozen=True)
class Opened:
    """A work item that the step opened."""

    name: str
    queue: str
    division_code: str


class Step:
    """One step transaction on one case. The caller is inside `engine.ground.database.write`."""

    def __init__(self, session: Session, case: CaseFile, actor: Account | None, now: datetime) -> None:
        self.session, self.case, self.actor, self.now = session, case, actor, now
        self.opened: list[Opened] = []
        self._began = perf_counter()
        self._changes: dict[str, Any] = {}
        self._passed: list[Record] = []
        self._standing_again: list[str] = []

    @classmethod
    def on(
        cls,
        session: Session,
        case_id: int,
        actor: Account | None,
        now: datetime,
        *,
        skip_locked: bool = False,
    ) -> Step | None:
        """Lock the case and open a step on it; None when `skip_locked` and somebody else is at it."""
        row = case_and_subject(session, case_id, skip_locked=skip_locked)
        if row is None:
            if skip_locked:
                return None
            raise NotFound("没有找到这件事项。")
        locks.hold(session, row[1])
        return cls(session, row[0], actor, now)

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
        self._change(version_id=version.id)
        set_stored(self.case, version=version)
        self.__dict__.update(definition=definition, instance=instance)  # the slots of the cached properties

    def continue_without(self, instance: Instance, standing: Sequence[Line]) -> None:
        """The case goes on as `instance`, which came of the lines still `standing`: so did its outcome."""
        self.__dict__["instance"] = instance  # the cached property's slot
        drawn = self.definition.elements
        ends = [line.ends for line in standing if isinstance(line, lines.Input)]
        ended = [end for one in ends for end in one if end in drawn]
        named = [drawn[end].name for end in ended if drawn[end].outcome is not None]
        self._change(
            outcome=named[-1] if named else "", outcome_code=str(instance.variables.get("outcome") or "")
        )

    def rename(self, old_token: str, new_token: str) -> None:
        """What the instance called `old_token` is `new_token` on another version:
        rows and drafts stay its own.
        """
        task = next((task for task in self.instance.open_tasks() if task.token == new_token), None)
        if task is not None:
            facts = {key: value for key, value in self._facts_of(task).items() if key in RENAMED}
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
        )

    def log(self, line: Line, element_id: str = "") -> None:
        """Append a line to the case's history."""
        actor_id = self.actor.id if self.actor else None
        self._change(**audit.append(self.connection, self.case, actor_id, line, self.now, element_id))
        self._save()

    def notify(self, queue: str, kind: str, text: str) -> None:
        """Put a line into the bell of everybody who works on `queue` for this case."""
        notifications.send(self.session, self.case, queue, kind, text, self.now)

    def finish(self, said: lines.Input | None = None, note: str = "", ended: WorkItem | None = None) -> None:
        """Write back all that the input did; what is `said` belongs to the input's own line of the history.

        `note` is shown on the work items that this step opens (the reason of a return). Nobody's draft of the
        item that has `ended` by what the input did outlives the step.
        """
        timers, was_open = self.instance.timers(), self.case.status == "open"
        rows = self._standing(ended)
        items = {row.token: row for row in rows if row.kind == ITEM}
        waiting = [row for row in rows if row.kind in DRAWN]
        wanted = {task.token: task for task in self.instance.open_tasks()}
        passed = self._passed_now(waiting)
        self._log_records(said, begun(wanted, items, [*timers, *passed], waiting))
        self._project_case([*timers, *passed])
        self._save()
        self._project_items(items, wanted, note)
        self._project_timers(waiting, timers, {limit.token: limit.due_at for limit in passed})
        self._tell_passed()
        self._tell_people()
        kind = said.KIND if said else self.instance.records[-1].kind if self.instance.records else "begun"
        self.instance.records.clear()
        if self.case.status != "open" and was_open:
            kit.ended(self.call("", ""))
        spent = perf_counter() - self._began
        after_commit(self.session, partial(METER.took, "step", spent, kind=kind))

    def _standing(self, ended: WorkItem | None) -> list[Any]:
        """The rows of the case's open items and timers; a case that has only just been opened has none."""
        if not self.case.log_seq:
            return []
        rows = STANDING.all(self.connection, case_id=self.case.id, ended=ended.id if ended else 0)
        if ended is not None and any(row.kind == DRAFT for row in rows):
            DROP_DRAFTS.run(self.connection, ended=ended.id)
        return rows

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
            self._change(lamp_floor="green")

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

    def _change(self, **values: Any) -> None:
        """Change the case; all changes of a step are written together."""
        set_stored(self.case, **values)
        self._changes.update(values)

    def _save(self) -> None:
        save(self.connection, self.case, **self._changes)
        self._changes.clear()

    # -- history -----------------------------------------------------------------------------------

    def _log_records(self, said: lines.Input | None, begun: lines.Begun | None) -> None:
        """A line for each record; the last also says what has begun to wait.

        Without an input that is a line of its own.
        """
        records = self.instance.records
        for record in records:
            self._log_record(record, said, begun if record is records[-1] else None)
        if begun and not records:
            self.log(begun)

    def _log_record(self, record: Record, said: lines.Input | None, begun: lines.Begun | None) -> None:
        timed = record.kind == lines.Fired.KIND
        line = lines.Fired() if timed or said is None else said
        line = record.noted(line)
        if begun is not None:
            line = replace(line, opened=begun.opened, limits=begun.limits)
        actor_id = self.actor.id if self.actor and not timed else None
        added = audit.append(self.connection, self.case, actor_id, line, record.at, record.element_id)
        self._change(**added)
        if timed:
            self._mark_passed(record)

    def _mark_passed(self, record: Record) -> None:
        """A limit that has passed marks the case red for good; it never stops it (R15)."""
        if self.definition.elements[record.element_id].is_limit:
            self._change(lamp_floor="red")
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
            self._standing_again.append(record.token)
        for token in dict.fromkeys(self._standing_again):
            limit = LIMIT.first(self.session, case_id=self.case.id, token=token)
            if limit is not None and limit.standing == "open":
                ladder.repeat_after(self.session, self.case, limit, self.now)
        self._passed.clear()
        self._standing_again.clear()

    def tell(
        self, event: str, key: str, text: str, element_id: str = "", holders: Sequence[str] = ()
    ) -> None:
        """Tell those whom the ladder's table names; `holders` are else the queues that hold the case now."""
        held = holders or self._holders()
        key = f"{self.case.id}:{key}"
        element = self.definition.elements.get(element_id)
        about = element.name if element else ""
        ladder.tell(self.session, ladder.Told(event, self.case, key, text, element_id, about, held), self.now)

    # -- work items --------------------------------------------------------------------------------

    def _project_items(self, present: Mapping[str, Any], wanted: Mapping[str, OpenTask], note: str) -> None:
        for token, row in present.items():
            if token not in wanted:
                CANCEL_ITEM.run(self.connection, item_id=row.id, now=self.now)
                continue
            bounds = {"due_at": wanted[token].due_at, "limits": " ".join(wanted[token].limits)}
            if (row.due_at, row.limits) != (bounds["due_at"], bounds["limits"]):
                MOVE_ITEM.run(self.connection, item_id=row.id, **bounds)
        new = [self._new_item(task, note) for token, task in wanted.items() if token not in present]
        add_each(self.connection, WorkItem, new)

    def _new_item(self, task: OpenTask, note: str) -> dict[str, Any]:
        facts = self._facts_of(task)
        self.opened.append(Opened(facts["name"], facts["queue"], facts["division_code"]))
        return {**facts, "opened_at": self.now, "note": note}

    def _facts_of(self, task: OpenTask) -> dict[str, Any]:
        """What a work item says of its task."""
        element = self.definition.elements[task.element_id]
        queue = element.queue or "county"
        division = access.ancestor(self.case.village_code, queue)
        name = element.name if task.item is None else f"{element.name}（{item_words(task.item)}）"[:80]
        return {
            "case_id": self.case.id,
            "token": task.token,
            "procedure_key": self.case.procedure_key,
            "element_id": element.id,
            "name": name,
            "subject": self.case.subject,
            "village_code": self.case.village_code,
            "queue": queue,
            "division_code": division,
            "form_key": element.form_key or "",
            "due_at": task.due_at,
            "limits": " ".join(task.limits),
        }

    # -- timers ------------------------------------------------------------------------------------

    def _project_timers(
        self, rows: Sequence[Any], timers: Sequence[WaitingTimer], passed: Mapping[str, datetime]
    ) -> None:
        open_rows = {(row.token, row.kind): row for row in rows if row.status != "fired"}
        warned = {row.token: row.due_at for row in rows if row.kind == "warning" and row.status == "fired"}
        fired = {record.token for record in self.instance.records if record.kind == "timer"}
        wanted = wanted_timers(timers, warned)
        self._settle_fired(rows, passed)
        for key, row in open_rows.items():
            if key not in wanted:
                end = "fired" if row.token in fired and row.kind != "warning" else "cancelled"
                self._end_timer(row, end, passed)
            elif row.due_at != wanted[key][1] or row.status == "failed":
                MOVE_TIMER.run(self.connection, timer_id=row.id, due_at=wanted[key][1])
        new = [
            self._new_timer(timer, kind, due)
            for (token, kind), (timer, due) in wanted.items()
            if (token, kind) not in open_rows
        ]
        add_each(self.connection, Timer, new)

    def _settle_fired(self, rows: Sequence[Any], passed: Mapping[str, datetime]) -> None:
        """Of a limit that passed, was taken back and passed again, only the latest can stand (R06)."""
        limits = sorted((row for row in rows if row.kind == "limit"), key=lambda row: row.id)
        latest = {row.token: row.id for row in limits}
        for row in limits:
            if row.status == "fired":
                self._settle_passed(row, passed.get(row.token) if latest[row.token] == row.id else None)

    def _settle_passed(self, row: Any, due: datetime | None) -> None:
        """A passed limit is over once the work under it is; it stands again when that work is taken back.

        As long as it stands it says when it passed (`due`), as the clues now have it (R06).
        """
        standing = "over" if due is None else "open"
        if due is not None and due != row.due_at:
            REDATE_LIMIT.run(self.connection, timer_id=row.id, due=due)
        if row.standing == standing:
            return
        SETTLE_LIMIT.run(self.connection, timer_id=row.id, stands=standing)
        if standing == "over":
            NO_REPEAT.run(self.connection, of_case=self.case.id, of_token=row.token)
        else:
            self._standing_again.append(row.token)

    def _end_timer(self, row: Any, end: str, passed: Mapping[str, datetime]) -> None:
        """A timer waits no more; a limit that has passed stands as long as the work under it goes on."""
        standing = "" if row.kind != "limit" else "open" if end == "fired" and row.token in passed else "over"
        fired_at = self.now if end == "fired" else None
        due = self._fired_due(row) if end == "fired" else row.due_at
        ended = {"end": end, "fired_at": fired_at, "standing": standing, "due": due}
        END_TIMER.run(self.connection, timer_id=row.id, **ended)

    def _fired_due(self, row: Any) -> datetime:
        """When the timer that has just fired was due: an earlier clue may have moved it in this very step."""
        fired = (
            r.due_at for r in self.instance.records if r.kind == "timer" and r.token == row.token and r.due_at
        )
        return next(fired, row.due_at)

    def _new_timer(self, timer: WaitingTimer, kind: str, due: datetime) -> dict[str, Any]:
        element = self.definition.elements[timer.element_id]
        return {
            "case_id": self.case.id,
            "token": timer.token,
            "element_id": element.id,
            "name": element.name,
            "kind": kind,
            "village_code": self.case.village_code,
            "due_at": due,
            "procedure_key": self.case.procedure_key,
            "standing": "open" if kind == "limit" else "",
        }

    # -- case --------------------------------------------------------------------------------------

    def _project_case(self, timers: Sequence[WaitingTimer]) -> None:
        variables = self.instance.variables
        state = b"" if self.instance.completed else self.instance.stored()
        self._change(state=state, lock_version=self.case.lock_version + 1)
        if state:
            kept.after_commit(self.session, self, state)
        limits = [timer.due_at for timer in timers if timer.limit]
        self._change(limit_at=min(limits, default=None))
        if "outcome" in variables:
            self._change(outcome_code=str(variables["outcome"]))
        ended = [end for record in self.instance.records for end in record.ends]
        named = [end for end in ended if self.definition.elements[end].outcome is not None]
        if named:
            self._change(outcome=self.definition.elements[named[-1]].name)
        discovered = variables.get(kit.subjects_of(self.case.subject_id).known_since)
        if isinstance(discovered, str):
            self._change(discovery_date=date.fromisoformat(discovered[:10]))
        if self.instance.completed:
            self._change(status="finished", finished_at=self.now)
            kit.finished(self.call("", ""))

    def warn(self, row: Timer) -> None:
        """A warning before a limit: marks the case, tells the queues that hold it (R15)."""
        save(self.connection, row, status="fired", fired_at=self.now)
        if self.case.lamp_floor == "green":
            self._change(lamp_floor="yellow")
        limit = LIMIT.first(self.session, case_id=self.case.id, token=row.token)
        passes = limit.due_at if limit is not None else None
        self.log(lines.Warned(token=row.token, due=row.due_at, limit=passes), row.element_id)
        last = f"，最后一天是{written(lamps.last_day(passes))}" if passes else ""
        text = f"{kit.called(self.case)}：{self.definition.name}的期限“{row.name}”即将到期{last}。"
        self.tell("warning", f"warning:{row.token}:{row.due_at:%Y%m%d}", text, row.element_id)

    def repeat(self, row: Timer) -> None:
        """A limit is still passed (R15, R19): its holders and those above hear of it again,
        and again later.
        """
        save(self.connection, row, status="fired", fired_at=self.now)
        limit = LIMIT.first(self.session, case_id=self.case.id, token=row.token)
        if limit is None or limit.standing != "open":
            return
        if limit.due_at > self.now:  # R06: the clue that had made it late was cancelled
            ladder.repeat_after(self.session, self.case, limit, self.now)
            return
        days = lamps.days_over(limit.due_at, self.now)
        self.log(lines.Repeated(token=row.token, days=days), row.element_id)
        text = f"{kit.called(self.case)}：{self.definition.name}的期限“{row.name}”已过，超期 {days} 天，仍未办结。"
        self.tell("repeated", f"repeated:{row.token}:{row.due_at:%Y%m%d}", text, row.element_id)
        ladder.repeat_after(self.session, self.case, limit, self.now)

    def _holders(self) -> list[str]:
        """The queues with which the case now is: of its items under a limit,
        and the lanes where it waits for a time.
        """
        waiting = WAITING_EVENTS.scalars(self.connection, case_id=self.case.id)
        elements = (self.definition.elements[element_id] for element_id in waiting)
        lanes = {element.queue for element in elements if element.queue}
        return sorted({*OPEN_QUEUES.scalars(self.connection, case_id=self.case.id), *lanes})
