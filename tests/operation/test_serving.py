"""One command, several processes: they share the door, are started again, and drop nothing as they end."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.operation.harness import Process, System, status, system, until
from web.cli import main


@pytest.mark.operation
def test_two_processes_share_a_door_and_one_that_dies_is_started_again(
    postgres_url: str, tmp_path: Path
) -> None:
    with system(postgres_url, tmp_path) as made:
        web = made.web(processes=2)
        first = web.children()
        assert len(first) == 2
        assert status(web.port, "/live") == 200
        os.kill(first[0], signal.SIGKILL)
        assert status(web.port, "/login") == 200  # the other takes what comes
        until(lambda: len(set(web.children()) - set(first)) == 1 and len(web.children()) == 2, "not started")
        assert web.end() == 0
        assert status(web.port) == 0


def _held(web: Process) -> list[int]:
    """How many connections each of the processes holds, as the system has it."""
    ours = f":{web.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(ours) and line[3] == "01"}

    def links(pid: int) -> list[str]:
        return [os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]

    return sorted(len(inodes & set(links(pid))) for pid in web.children())


@pytest.mark.operation
def test_connections_that_are_kept_are_shared_evenly(postgres_url: str, tmp_path: Path) -> None:
    """Whoever holds fewest takes the next one; also when some have hung up."""
    with system(postgres_url, tmp_path) as made:
        web, kept = made.web(processes=2), []
        until(lambda: _held(web) == [0, 0], "not hung up")  # who asked whether it is ready
        for number in range(8):
            kept.append(http.client.HTTPConnection("127.0.0.1", web.port, timeout=20))
            kept[-1].request("GET", "/live")
            assert kept[-1].getresponse().read()
            assert sum(_held(web)) == number + 1
        assert _held(web) == [4, 4]
        for one in kept[::2]:
            one.close()
        until(lambda: sum(_held(web)) == 4, "not hung up")
        for one in kept[::2]:
            one.request("GET", "/live")
            assert one.getresponse().read()
        assert _held(web) == [4, 4]
        for one in kept:
            one.close()
        assert web.end() == 0


def _asks(port: int, stop: threading.Event, answers: list[int]) -> None:
    """Ask on one connection, again on a new one when the answer says that this one ends."""
    while not stop.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.connect()
        except ConnectionRefusedError:
            return  # the door is shut: nothing was sent, so nothing is lost
        while not stop.is_set():
            connection.request("GET", "/login")
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
            if answer.getheader("Connection") == "close":
                break
        connection.close()


def _asked_while(made: System, processes: int) -> tuple[list[int], int]:
    """The answers that four callers got from beginning to end, and the code with which the server ended."""
    web = made.web(processes)
    stop, answers = threading.Event(), [[], [], [], []]  # type: ignore[var-annotated]
    failed: list[BaseException] = []

    def caller(mine: list[int]) -> None:
        try:
            _asks(web.port, stop, mine)
        except BaseException as error:
            failed.append(error)

    callers = [threading.Thread(target=caller, args=(mine,)) for mine in answers]
    for one in callers:
        one.start()
    until(lambda: all(len(mine) > 5 for mine in answers), "no answers")
    code = web.end()
    stop.set()
    for one in callers:
        one.join(20)
    assert failed == []
    return [one for mine in answers for one in mine], code


@pytest.mark.operation
def test_who_is_asked_to_end_answers_what_has_come(sqlite_url: str, tmp_path: Path) -> None:
    with system(sqlite_url, tmp_path) as made:
        answers, code = _asked_while(made, 1)
    assert set(answers) == {200} and code == 0


def test_several_who_are_asked_to_end_answer_what_has_come(postgres_url: str, tmp_path: Path) -> None:
    with system(postgres_url, tmp_path) as made:
        answers, code = _asked_while(made, 2)
    assert set(answers) == {200} and code == 0


@pytest.mark.operation
def test_who_is_about_to_end_says_so_first_and_still_answers(sqlite_url: str, tmp_path: Path) -> None:
    with system(sqlite_url, tmp_path, SHOUWANG_NOTICE_SECONDS="3") as made:
        web = made.web()
        web.ask_to_end()
        until(lambda: status(web.port) == 503, "does not say so")
        assert status(web.port, "/live") == 200
        assert status(web.port, "/login") == 200
        assert web.wait() == 0


def test_sqlite_is_not_written_by_several_processes(sqlite_url: str) -> None:
    found = CliRunner().invoke(main, ["serve", "--processes", "2"], env={"SHOUWANG_DATABASE_URL": sqlite_url})
    assert found.exit_code == 1 and "SQLite 一次只容一个进程写" in found.output
