"""What leaves the system: delivered in the background, retried, not twice, never holding up a step (R15)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic

import pytest
from sqlalchemy import select

from engine.casework.models import Outbox
from engine.casework.telling import delivery, notification_rules, outbox
from engine.casework.telling.delivery import Servers
from engine.casework.telling.notification_rules import NewRule
from engine.casework.telling.outbox import Channel, Message
from engine.ground.database import write
from engine.ground.errors import Conflict, NotAllowed
from tests.support.receivers import DROP, SLOW, Mailbox, Robot, running
from tests.support.world import World


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    server = Mailbox()
    with running(server):
        yield server


@pytest.fixture
def robot() -> Iterator[Robot]:
    """A robot."""
    server = Robot()
    with running(server):
        yield server


def servers(mailbox: Mailbox | None = None, robot: Robot | None = None, timeout: float = 5) -> Servers:
    """The configuration that names them."""
    return Servers(
        smtp_host="127.0.0.1" if mailbox else "",
        smtp_port=mailbox.port if mailbox else 25,
        smtp_security="none",
        smtp_sender="shouwang@example.com",
        webhooks={"县局": robot.address} if robot else {},
        timeout=timeout,
    )


def overdue(world: World, *channels: str) -> None:
    """A limit passes, and the table has the village told by `channels`."""
    owner, now = world.official("liucheng"), world.clock.now()
    with write(world.session):
        world.official("cun").email = "cun@example.com"
    for channel in channels:
        rule = NewRule("overdue", "holder", channel, target="县局" if channel == "webhook" else "")
        notification_rules.add(world.session, owner, rule, robots=["县局"], now=now)
    world.enter()
    world.go_to(16)


def rows(world: World) -> list[Outbox]:
    """The outbox now."""
    world.session.commit()
    return list(
        world.session.scalars(select(Outbox).order_by(Outbox.id).execution_options(populate_existing=True))
    )


def deliver(world: World, found: Servers) -> int:
    """One round of the background job."""
    return outbox.deliver(world.sessions, delivery.channels(found), world.clock)


@pytest.mark.duty("R15")
def test_mail_and_robot_are_told_once_with_a_key_and_without_personal_data(
    world: World, mailbox: Mailbox, robot: Robot
) -> None:
    overdue(world, "email", "webhook")
    assert mailbox.taken == [] == robot.taken, "a step sends nothing itself"
    found = servers(mailbox, robot)
    assert deliver(world, found) == 2 and deliver(world, found) == 0
    mail, (call, key) = mailbox.taken[0], robot.taken[0]
    assert (mail["To"], mail["Subject"]) == ("cun@example.com", "守望：超期")
    assert mail["Message-ID"] and mail["X-Shouwang-Key"] and len(key) == 32
    for text in (mail.get_content(), call["text"]["content"]):
        assert "王**户" in text and "王建国" not in text and "419901" not in text
    assert call["msgtype"] == "text" and [row.status for row in rows(world)] == ["sent", "sent"]


@pytest.mark.duty("R15")
def test_a_failure_is_tried_again_later_and_later_and_not_after_success(
    world: World, mailbox: Mailbox
) -> None:
    overdue(world, "email")
    mailbox.answers = ["451 later", "421 later"]
    found = servers(mailbox)
    assert deliver(world, found) == 0
    row = rows(world)[0]
    assert (row.status, row.attempts) == ("pending", 1) and "451" in row.error
    assert deliver(world, found) == 0 and rows(world)[0].attempts == 1, "not before its time"
    world.clock.advance(timedelta(minutes=1))
    assert deliver(world, found) == 0 and rows(world)[0].attempts == 2
    world.clock.advance(timedelta(minutes=1))
    assert deliver(world, found) == 0 and rows(world)[0].attempts == 2, "the second wait is longer"
    world.clock.advance(timedelta(minutes=1))
    assert deliver(world, found) == 1 and deliver(world, found) == 0
    assert len(mailbox.taken) == 1 and rows(world)[0].status == "sent"


def test_what_the_server_will_never_take_fails_at_once_and_an_administrator_sends_it_again(
    small_world: World, mailbox: Mailbox
) -> None:
    world = small_world
    overdue(world, "email")
    mailbox.answers = ["550 no such user"]
    deliver(world, servers(mailbox))
    administrator = world.official("xitong")
    failed = outbox.listing(world.session, administrator, "failed").items
    assert [row.status for row in failed] == ["failed"] and outbox.counts(world.session, administrator) == {
        "failed": 1
    }
    with pytest.raises(NotAllowed):
        outbox.listing(world.session, world.official("ducha"))
    outbox.retry(world.session, administrator, failed[0].id, world.clock.now())
    assert deliver(world, servers(mailbox)) == 1
    with pytest.raises(Conflict):
        outbox.retry(world.session, administrator, failed[0].id, world.clock.now())


def test_a_message_sits_out_an_outage_of_a_day_and_a_half_and_then_waits_for_the_administrator(
    small_world: World, mailbox: Mailbox
) -> None:
    world = small_world
    overdue(world, "email")
    mailbox.answers = ["451 later"] * 20
    began = world.clock.now()
    while rows(world)[0].status == "pending":
        world.clock.set(max(world.clock.now(), rows(world)[0].next_at))
        deliver(world, servers(mailbox))
    assert world.clock.now() - began >= timedelta(hours=36)
    assert rows(world)[0].attempts == outbox.MAX_ATTEMPTS


@pytest.mark.duty("R15")
@pytest.mark.parametrize("hours", [1, 9, 24, 35])
def test_what_was_written_during_an_outage_is_sent_when_it_ends(
    small_world: World, mailbox: Mailbox, hours: int
) -> None:
    world = small_world
    overdue(world, "email")
    mailbox.answers = ["451 later"] * 20
    back = world.clock.now() + timedelta(hours=hours)
    while world.clock.now() < back:
        deliver(world, servers(mailbox))
        world.clock.advance(timedelta(minutes=30))
    mailbox.answers = []
    for _ in range(13):
        deliver(world, servers(mailbox))
        world.clock.advance(timedelta(minutes=30))
    assert rows(world)[0].status == "sent"


def test_all_failed_messages_are_sent_again_in_one_act(world: World, mailbox: Mailbox) -> None:
    overdue(world, "email")
    administrator, copies = world.official("xitong"), 150  # more than one portion of the sender
    with write(world.session):
        first = rows(world)[0]
        first.status = "failed"
        for number in range(1, copies):
            world.session.add(
                Outbox(
                    key=f"{first.key}-{number}",
                    channel="email",
                    target=first.target,
                    payload=first.payload,
                    status="failed",
                    attempts=9,
                    next_at=first.next_at,
                    created_at=first.created_at,
                )
            )
    with pytest.raises(NotAllowed):
        outbox.retry_failed(world.session, world.official("ducha"), world.clock.now())
    assert outbox.retry_failed(world.session, administrator, world.clock.now()) == copies
    assert outbox.retry_failed(world.session, administrator, world.clock.now()) == 0
    while deliver(world, servers(mailbox)):
        pass
    assert {row.status for row in rows(world)} == {"sent"} and len(mailbox.taken) == copies


@pytest.mark.duty("R15")
def test_a_hanging_server_holds_up_neither_steps_nor_for_long_the_sender(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.release = threading.Event()
    started = monotonic()
    overdue(world, "email")
    assert monotonic() - started < 15
    sender = threading.Thread(target=deliver, args=(world, servers(mailbox, timeout=1.5)))
    sender.start()
    case = world.enter(name="李春生", id_number="419901197003030053", head_name="李春生")
    world.finish(case, "verify", "cun")
    sender.join(10)
    assert not sender.is_alive()
    mailbox.release.set()
    assert rows(world)[0].status == "pending" and "1.5 秒内没有答复" in rows(world)[0].error


@pytest.mark.duty("R15")
def test_a_robot_that_redirects_or_refuses_is_not_followed_nor_believed(
    small_world: World, robot: Robot
) -> None:
    world, other = small_world, Robot()
    overdue(world, "webhook")
    with running(other):
        robot.answers = [(302, {}, {"Location": other.address}), (200, {"errcode": 45009}, {}), (500, {}, {})]
        for sentence in ("302", "45009", "500"):
            assert deliver(world, servers(robot=robot)) == 0
            assert sentence in rows(world)[0].error
            world.clock.advance(timedelta(hours=1))
        assert other.taken == []
    assert deliver(world, servers(robot=robot)) == 1
    assert len({key for _, key in robot.taken}) == 1, "each attempt carries the same key"


@pytest.mark.duty("R15")
def test_a_connection_that_breaks_after_the_message_was_taken_leaves_one_key_for_the_double(
    small_world: World, mailbox: Mailbox, robot: Robot
) -> None:
    world = small_world
    overdue(world, "email", "webhook")
    mailbox.drops, robot.answers = 1, [DROP]
    found = servers(mailbox, robot)
    assert deliver(world, found) == 0 and len(mailbox.taken) == len(robot.taken) == 1
    assert [(row.status, "断开" in row.error) for row in rows(world)] == [("pending", True)] * 2
    assert deliver(world, found) == 0 and len(mailbox.taken) == len(robot.taken) == 1, "not before its time"
    world.clock.advance(timedelta(minutes=1))
    assert deliver(world, found) == 2
    for _ in range(3):
        world.clock.advance(timedelta(days=1))
        assert outbox.deliver(world.sessions, delivery.channels(found), world.clock) == 0
    assert [row.status for row in rows(world)] == ["sent", "sent"]
    assert len(mailbox.taken) == len(robot.taken) == 2, "the server had it, but nobody could know"
    assert (
        len({str(mail["Message-ID"]) for mail in mailbox.taken}) == len({key for _, key in robot.taken}) == 1
    )


@pytest.mark.duty("R15")
def test_a_robot_that_is_slow_is_given_up_in_time_and_the_others_are_told_meanwhile(
    small_world: World, robot: Robot, mailbox: Mailbox
) -> None:
    world = small_world
    overdue(world, "webhook", "email")
    robot.answers = [SLOW]
    started = monotonic()
    assert deliver(world, servers(mailbox, robot, timeout=0.5)) == 1, "the mail goes all the same"
    assert monotonic() - started < 5
    robot.release.set()
    waiting = next(row for row in rows(world) if row.channel == "webhook")
    assert waiting.status == "pending" and "0.5 秒内没有答复" in waiting.error
    world.clock.advance(timedelta(minutes=1))
    assert deliver(world, servers(mailbox, robot)) == 1
    assert len({key for _, key in robot.taken}) == 1 and len(mailbox.taken) == 1


def test_a_server_that_is_not_there_is_said_in_words(small_world: World) -> None:
    world = small_world
    overdue(world, "email", "webhook")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    nobody = Servers(
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
        smtp_sender="shouwang@example.com",
        webhooks={"县局": f"http://127.0.0.1:{port}/hook"},
        timeout=2,
    )
    assert deliver(world, nobody) == 0
    assert ["拒绝连接" in row.error for row in rows(world)] == [True, True]


def test_two_senders_share_the_work(world: World) -> None:
    overdue(world, "email")
    with write(world.session):
        for number in range(30):
            world.session.add(
                Outbox(
                    key=f"more:{number}",
                    channel="email",
                    target="cun@example.com",
                    next_at=world.clock.now(),
                    payload={"subject": "守望", "text": str(number)},
                    created_at=world.clock.now(),
                )
            )
    taken: list[str] = []
    lock = threading.Lock()

    def take(message: Message) -> None:
        with lock:
            taken.append(message.key)

    channels: dict[str, Channel] = {"email": take}
    threads = [
        threading.Thread(target=outbox.deliver, args=(world.sessions, channels, world.clock))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(taken) == len(set(taken)) == 31


def test_a_sender_that_dies_between_sending_and_marking_sends_again_with_the_same_key(
    small_world: World, mailbox: Mailbox
) -> None:
    world = small_world
    overdue(world, "email")

    def die(message: Message) -> None:
        delivery.send_email(servers(mailbox), message)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(world.sessions, {"email": die}, world.clock)
    assert deliver(world, servers(mailbox)) == 0, "the lease still runs"
    world.clock.advance(outbox.LEASE)
    assert deliver(world, servers(mailbox)) == 1
    assert len(mailbox.taken) == 2 and len({str(mail["Message-ID"]) for mail in mailbox.taken}) == 1


def test_what_is_not_set_up_is_said(small_world: World, robot: Robot) -> None:
    world = small_world
    overdue(world, "email")
    deliver(world, servers(robot=robot))
    assert (rows(world)[0].status, rows(world)[0].error) == ("failed", "没有设置这种发送方式。")
    with pytest.raises(ValueError, match="名称=https"):
        delivery.read_webhooks("县局=file:///etc/passwd")
    assert delivery.read_webhooks("县局=https://example.com/a?key=1; 市局=https://example.com/b") == {
        "县局": "https://example.com/a?key=1",
        "市局": "https://example.com/b",
    }


def test_several_processes_share_the_outbox_and_hand_each_message_over_once(world: World) -> None:
    due = world.clock.now()
    with write(world.session):
        for number in range(30):
            payload = {"subject": "期限", "text": f"第 {number} 件"}
            world.session.add(
                Outbox(
                    key=f"k{number}",
                    channel="robot",
                    target="县局",
                    payload=payload,
                    next_at=due,
                    created_at=due,
                )
            )
    handed: list[str] = []
    channels: dict[str, Channel] = {"robot": lambda message: handed.append(message.key)}
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        outbox.deliver(world.sessions, channels, world.clock)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(handed) == sorted(f"k{number}" for number in range(30))
    assert {row.status for row in rows(world)} == {"sent"}
