"""What the log may say: of the work, nothing of people."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ground.surroundings import nameless, told
from web.server import logs

ROOT = Path(__file__).parents[2]
TYPED = "张三丰 13937912345 410324199003071234"


def _line(form: str = "json", **extra: object) -> str:
    record = logs.record_of("shouwang", logging.INFO, "", 1, extra.pop("msg"), extra.pop("args", ()), None)
    return {"json": logs.Json(), "plain": logs.Plain()}[form].format(record)


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@given(st.text(min_size=3).filter(lambda text: not text.isascii() or any(c.isdigit() for c in text)))
def test_an_error_never_cites_what_it_stumbled_on(typed: str) -> None:
    marked = f"{typed}#20220507"
    for kind in (ValueError, KeyError, AssertionError, RuntimeError, TypeError, AttributeError, OSError):
        assert marked not in told(_raised(kind(marked)))


def test_an_error_tells_its_way_through_the_program_and_what_led_to_it() -> None:
    try:
        try:
            int(TYPED)
        except ValueError as error:
            raise KeyError(TYPED) from error
    except KeyError as error:
        found = told(error)
    assert found.index("ValueError") < found.index("KeyError")
    assert "int(TYPED)" in found and "test_logs.py" in found
    assert "张三丰" not in found and "1393791" not in found


def test_python_s_own_words_of_types_are_kept() -> None:
    assert nameless(TypeError("unsupported operand type(s) for +: 'int' and 'str'")).endswith(
        "'int' and 'str'"
    )
    assert nameless(FileNotFoundError(2, "No such file", "/home/张三.xlsx")) == (
        "FileNotFoundError: No such file or directory"
    )


@pytest.mark.parametrize("form", ["plain", "json"])
def test_a_line_masks_numbers_and_tells_errors_without_values(form: str) -> None:
    found = _line(form, msg="looked for %s: %s", args=("410324199003071234 13937912345", ValueError("张三")))
    assert "199003" not in found and "3791" not in found and "张三" not in found
    assert "ValueError" in found


def test_a_line_names_the_work_that_it_belongs_to() -> None:
    work, token = logs.begin("5F0C7A1E" * 4)
    try:
        line = json.loads(_line(msg="something"))
    finally:
        logs.end(token)
    assert line["work"] == work.number == "5f0c7a1e" * 4 and work.spoken == "5f0c7a1e"
    assert "work" not in json.loads(_line(msg="something else"))


@pytest.mark.parametrize("given", ["", "张三", "13937912345", "410324199003071234", "x" * 32, "a" * 33])
def test_a_number_that_no_proxy_makes_is_not_taken(given: str) -> None:
    work, token = logs.begin(given)
    logs.end(token)
    assert work.number != given and len(work.number) == 32


def test_a_round_says_what_it_did_and_is_silent_about_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with logs.round_of("timers") as did:
        did["fired"] = 0
    assert not caplog.records
    with logs.round_of("timers") as did:
        did["fired"] = 3
    assert caplog.records[0].fields["fired"] == 3  # type: ignore[attr-defined]
    with pytest.raises(ValueError), logs.round_of("timers"):
        raise ValueError(TYPED)
    assert caplog.records[1].getMessage() == "timers failed"


SAYABLE = {
    "driver_said(error)",
    "tracing.method()",
    "tracing.route()",
    "act.__module__",
    "timer_id",
    "household_id",
    "who",
    "identifier",
    "name",
    "lowered",
    "given",
    "text",
    "os.getpid()",
    "child.name",
    "child.pid",
    "*found",
    "job_id",
    "nameless(error)",
    "trouble_of(error) or nameless(error)",
    "len(due)",
}
"""What lines are made of (who adds one, adds it here):
numbers of rows, names of the program, elements of diagrams; the upgrade's sign-in
names, which are printed to who upgrades."""
CALLS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def _is_said(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in CALLS:
        return False
    return ast.unparse(called.value).lower().endswith("log")


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted([*(ROOT / "engine").rglob("*.py"), *(ROOT / "web").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_said(node.func):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_line_is_made_of_what_may_be_said() -> None:
    found = list(_calls())
    assert len(found) > 8
    for place, call in found:
        said = call.args[1:] if call.func.attr != "log" else call.args[2:]  # type: ignore[attr-defined]
        first = call.args[0] if call.func.attr != "log" else call.args[1]  # type: ignore[attr-defined]
        assert isinstance(first, ast.Constant), f"{place}: a text that is put together may hold anything"
        unknown = {ast.unparse(one) for one in said} - SAYABLE
        assert not unknown, f"{place}: may this be said? Nothing of people, nothing typed; then name it here"
