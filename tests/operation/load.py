"""Officials who go on working through the API whatever happens to it, and what must hold afterwards."""

from __future__ import annotations

import http.client
import io
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast

from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from engine.casework import audit
from engine.casework.audit import verification
from engine.casework.models import Incident, Submission, Timer, WorkItem
from engine.flow.history import lines
from engine.ground.clock import SYSTEM, local_date
from tests.operation.harness import until
from tests.support import papers
from tests.support.template import PASSWORD
from tests.support.world import World

STEPS = (
    ("verify", "cun"),
    ("sign", "cun"),
    ("submit_batch", "xiang"),
    ("run_matching", "xian2"),
    ("appraise", "cun"),
    ("post_notice", "cun"),
)
"""A household's way from the clue to the posted notice, each step with who does it."""
PATIENCE = 180.0
"""Seconds for which an official asks again for one answer."""
AGO = timedelta(days=10)
"""How long before now the notices were posted that come due as soon as a worker starts."""


@dataclass(frozen=True)
class Story:
    """A household's case that waits for its verification."""

    case_id: int
    head: str
    number: str


def stories(world: World, count: int) -> list[Story]:
    """That many households with a clue of today."""
    world.clock.set(SYSTEM.now())
    found = []
    for order in range(count):
        case = world.enter(name=f"户主{order:03d}")
        found.append(Story(case.id, case.household.head_name, case.household.head_id_number))
    world.session.commit()
    return found


def posted_long_ago(world: World, count: int) -> list[int]:
    """That many cases whose notice ended days ago, and nobody was there to see it."""
    world.clock.set(SYSTEM.now() - AGO)
    found = []
    for order in range(count):
        case = world.enter(name=f"公示户{order:03d}")
        world.to_notice(case)
        found.append(case.id)
    world.session.commit()
    return found


@dataclass(frozen=True)
class Done:
    """A step that was acknowledged: with which key it was sent, by whom, and the answer."""

    item_id: int
    username: str
    body: Mapping[str, Any]
    answer: Mapping[str, Any]


class Official:
    """One official's connection to the API: opened again whenever it broke, asked again until it answers."""

    def __init__(self, port: int, username: str, load: Load) -> None:
        self.port, self.username, self._load = port, username, load
        self._connection: http.client.HTTPConnection | None = None
        self._token = ""

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """The answer's JSON. Raises AssertionError for a refusal, and when none comes."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if not self._token and not path.endswith("/tokens"):
                self._sign_in()
            headers = {"Content-Type": kind}
            if self._token:
                headers["Authorization"] = f"Bearer {self._token}"
            begun = time.monotonic()
            try:
                connection = self._connected()
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self._load.note("no answer")
                self.hang_up()
                time.sleep(0.1)
                continue
            self._load.answered(time.monotonic() - begun)
            if answer.getheader("Connection") == "close":
                self.hang_up()
            if answer.status == 503:
                self._load.note("asked to come again")
                time.sleep(0.2)
                continue
            assert answer.status in (200, 201), f"{method} {path}: {answer.status} {said.decode()}"
            return json.loads(said)
        raise AssertionError(f"{method} {path}: no answer within {PATIENCE:.0f} s")

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return self._connection

    def _sign_in(self) -> None:
        """Once an account: attempts that a killed process leaves without an answer count as wrong ones."""
        with self._load.signing_in[self.username]:
            tokens = self._load.tokens
            if self.username not in tokens:
                body = json.dumps({"username": self.username, "password": PASSWORD}).encode()
                tokens[self.username] = self.ask("POST", "/api/v1/tokens", body)["token"]
            self._token = tokens[self.username]

    def hang_up(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def finish(self, story: Story, element_id: str, today: date) -> Done:
        """Do the case's open step as anybody would: look, send a picture, send the form."""
        case = self.ask("GET", f"/api/v1/cases/{story.case_id}")
        item = next(one for one in case["tasks"] if one["element_id"] == element_id)
        form = self.ask("GET", f"/api/v1/tasks/{item['id']}")["form"]["id"]
        data = papers.paper(form, today, self._picture(item["id"]))
        if "members" in data:
            data["members"] = papers.family(story.head, story.number)
        body = {"data": data, "idempotency_key": uuid.uuid4().hex}
        return Done(item["id"], self.username, body, self.complete(item["id"], body))

    def complete(self, item_id: int, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a step's form; sent again, it gets the first answer."""
        path = f"/api/v1/tasks/{item_id}/complete"
        return cast(Mapping[str, Any], self.ask("POST", path, json.dumps(body).encode()))

    def _picture(self, item_id: int) -> str:
        picture = FileStorage(io.BytesIO(papers.PNG), "photo.png", content_type="image/png")
        boundary, body = encode_multipart({"field": "photo", "file": picture})
        kind = f"multipart/form-data; boundary={boundary}"
        return str(self.ask("POST", f"/api/v1/tasks/{item_id}/attachments", body, kind)["id"])


@dataclass
class Load:
    """Officials at work on the stories, each story by one of them after the other."""

    port: int
    waiting: list[Story]
    officials: int = 4
    done: list[Done] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds of the longest answer."""
    tokens: dict[str, str] = field(default_factory=dict)
    signing_in: Mapping[str, threading.Lock] = field(
        default_factory=lambda: {username: threading.Lock() for _, username in STEPS}
    )

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work) for _ in range(self.officials)]

    def start(self) -> None:
        """Begin."""
        for one in self._threads:
            one.start()

    def _work(self) -> None:
        people = {username: Official(self.port, username, self) for _, username in STEPS}
        today = local_date(SYSTEM.now())
        try:
            while (story := self._next()) is not None:
                for element_id, username in STEPS:
                    self.done.append(people[username].finish(story, element_id, today))
        except BaseException as error:
            self.failed.append(error)
        finally:
            for one in people.values():
                one.hang_up()

    def _next(self) -> Story | None:
        with self._lock:
            return self.waiting.pop() if self.waiting and not self.failed else None

    def note(self, what: str) -> None:
        """Count what an official met."""
        with self._lock:
            self.seen[what] += 1

    def answered(self, seconds: float) -> None:
        """An answer came."""
        self.slowest = max(self.slowest, seconds)

    @property
    def works(self) -> bool:
        """Whether somebody is still at work."""
        return any(one.is_alive() for one in self._threads)

    def wait_for(self, steps: int) -> None:
        """Until that many steps more are acknowledged, or all are."""
        wanted = len(self.done) + steps
        until(lambda: len(self.done) >= wanted or not self.works, "nobody gets on", PATIENCE)

    def finish(self) -> None:
        """Until all stories are told. Raises what an official ran into."""
        for one in self._threads:
            one.join(PATIENCE)
        assert not self.failed, self.failed
        assert not self.works


@contextmanager
def at_work(port: int, told: Sequence[Story], officials: int = 4) -> Iterator[Load]:
    """Officials at work while the block does its worst; at its end they have told all stories."""
    load = Load(port, list(told), officials)
    load.start()
    try:
        yield load
        load.finish()
    finally:
        with suppress(Exception):
            load.waiting.clear()


def assert_nothing_lost(world: World, load: Load, told: Sequence[Story], due: Sequence[int]) -> None:
    """What was acknowledged stands, once; every timer fired, once; the log is whole; no incident."""
    until(lambda: _waiting(world, due) == 0, "timers wait", PATIENCE)
    session = world.session
    assert len(load.done) == len(told) * len(STEPS)
    sent: Counter[int | None] = Counter(session.scalars(select(Submission.work_item_id)))
    people = {world.official(username).id: username for username in {who for _, who in STEPS}}
    for one in load.done:
        item = session.get_one(WorkItem, one.item_id)
        assert (item.status, people.get(item.closed_by or 0)) == ("done", one.username)
    assert set(sent.values()) == {1}
    for case_id in [*(story.case_id for story in told), *due]:
        _assert_told_once(world, case_id)
    assert session.scalar(select(func.count()).select_from(Incident)) == 0
    assert list(verification.verify(session)) == []
    _assert_answered_as_before(load, random.Random(1).sample(load.done, min(5, len(load.done))))


def _waiting(world: World, due: Sequence[int]) -> int:
    """How many timers of notices that ended long ago have not fired."""
    world.session.rollback()
    query = select(func.count()).where(
        Timer.case_id.in_(due), Timer.kind == "event", Timer.status == "waiting", Timer.due_at < SYSTEM.now()
    )
    return world.session.scalar(query) or 0


def _assert_told_once(world: World, case_id: int) -> None:
    """Each finished item and each fired timer has one line, and the history rebuilds the state."""
    history = [entry.line for entry in audit.history(world.session, case_id)]
    finished = Counter(line.item for line in history if isinstance(line, lines.Completed))
    closed = world.session.scalars(
        select(WorkItem.id).where(WorkItem.case_id == case_id, WorkItem.status == "done")
    )
    assert finished == Counter(closed)
    fired = sum(isinstance(line, lines.Fired) for line in history)
    rows = select(func.count()).where(
        Timer.case_id == case_id, Timer.status == "fired", Timer.kind.in_(("event", "limit"))
    )
    assert fired == world.session.scalar(rows)


def _assert_answered_as_before(load: Load, some: Sequence[Done]) -> None:
    for one in some:
        official = Official(load.port, one.username, load)
        assert official.complete(one.item_id, one.body) == one.answer
        official.hang_up()
