"""Every address that sends a file: what may be long is written by a job, the rest has a bound.

The rule: somebody waits for what is at most `AT_ONCE` rows, or one thing that was sent, drawn or issued.
Whoever adds an address that sends a file says here which of both it is.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from flask import Flask

from engine.casework.organisation.identity.roster import tables
from engine.casework.papers import drafts
from engine.casework.portions.outgoing import files
from engine.owners.kit import KIT
from engine.owners.rehearsal import acts as rehearsal
from engine.prevention.campaign import module_lists
from engine.prevention.rollback import applications
from web import pages
from web.pages.desk import outgoing
from web.shown import sent

WEB = Path(pages.__file__).parents[1]
BY_A_JOB = {
    "outgoing.export": "any list by its name",
    "outgoing.fetch": "what a job has written, piece by piece",
    "register.export": "register",
    "supervision.export": "limits",
    "journal.export": "log",
    "parameters.changing": "line_effects",
    "samples.export": "sample",
    "rosters.faults": "roster_faults",
    "imports.template": "import_template",
    "imports.returned": "import_returned",
    "matching.export": "matching_request",
    "foreign.filled": "filled_form",
}
"""What may be long; under which name it goes out."""
ONE = "one thing, as it was sent, drawn or set"
SHORT: dict[str, tuple[str, int]] = {
    "files.show": (ONE, 1),
    "files.thumbnail": (ONE, 1),
    "members.proof": (ONE, 1),
    "screening.paper": (ONE, 1),
    "cases.diagram": (ONE, 1),
    "statistics.drawing": (ONE, 1),
    "statistics.sql": ("one statement", 1),
    "procedures.drawing": (ONE, 1),
    "procedures.download": (ONE, 1),
    "procedures.export": ("one diagram with its forms and decisions", 1),
    "procedures.word": ("one diagram in words", 1),
    "drafts.download": (ONE, 1),
    "drafts.export": ("one diagram with its forms and decisions", 1),
    "editors.download": (ONE, 1),
    "trials.act": ("one trial, of at most MAX_ACTS steps", 1),
    "trials.diagram": (ONE, 1),
    "papers.draft": ("papers on chosen items", drafts.MAX_ITEMS),
    "papers.show": ("papers on chosen items", drafts.MAX_ITEMS),
    "supervision.letter": ("one letter", drafts.MAX_ITEMS),
    "batches.paper": ("the households of a list", applications.PAPER_LIMIT),
    "reports.show": ("a row for each place right below", 1000),
    "reports.workbook": ("a row for each place right below", 1000),
    "campaigns.export": ("a row for each village of a county", 1000),
    "modules.workbook": ("a row for each township", module_lists.LIMIT),
    "statistics.excel": ("a row for each place right below, and each step", 1000),
    "replays.download": ("a row for each case", rehearsal.MAX_CASES),
    "rosters.template": ("headings", 1),
}
"""What is short, and at most how many rows it has."""
SECRETS = {"rosters.codes": tables.MOST}
"""First codes of new accounts, made while they are sent and never kept: no job may write them down."""


@pytest.fixture(scope="module")
def views() -> dict[str, Callable[..., Any]]:
    app = Flask(__name__)
    pages.register(app, demo=True)
    return dict(app.view_functions)


def _named(function: FunctionType) -> Iterator[Any]:
    """What a function's text names: functions of its module, and of modules that it knows."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    known = function.__globals__
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield known.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = known.get(node.value.id)
            if isinstance(owner, ModuleType):
                yield getattr(owner, node.attr, None)


def _reaches(function: Any, goals: set[Any], seen: set[Any]) -> bool:
    """Whether a view's function comes to one of the goals by way of functions of the pages."""
    function = inspect.unwrap(function)
    if function in seen or not isinstance(function, FunctionType):
        return False
    seen.add(function)
    for other in _named(function):
        if other in goals if isinstance(other, FunctionType) else False:
            return True
        if getattr(other, "__module__", "").startswith("web.pages") and _reaches(other, goals, seen):
            return True
    return False


def test_whatever_sends_a_file_is_written_by_a_job_or_has_a_bound(
    views: dict[str, Callable[..., Any]],
) -> None:
    goals: set[Any] = {sent.attachment, sent.inline, sent.unnamed}
    found = {name for name, view in views.items() if _reaches(view, goals, set())}
    assert found == BY_A_JOB.keys() | SHORT.keys() | SECRETS.keys()


def test_what_may_be_long_goes_through_the_one_way_that_lets_a_job_write_it(
    views: dict[str, Callable[..., Any]],
) -> None:
    ways: set[Any] = {outgoing.asked, outgoing.sent, outgoing._file}
    assert {name for name, view in views.items() if _reaches(view, ways, set())} == BY_A_JOB.keys()
    named = {name for name in BY_A_JOB.values() if " " not in name}
    assert named <= {*KIT.outgoing, *KIT.other_files}
    assert KIT.other_files.keys() <= named, "a file of its own that no address sends"
    assert not KIT.outgoing.keys() & KIT.other_files.keys()


@pytest.mark.parametrize(("name", "bound"), [(name, most) for name, (_, most) in SHORT.items()])
def test_what_is_sent_at_once_has_no_more_rows_than_one_waits_for(name: str, bound: int) -> None:
    assert bound <= files.AT_ONCE


def test_files_are_sent_in_one_place() -> None:
    """Else the walk does not see them."""
    pages_that_answer = {
        "sent.py": "files",
        "doorstep.py": "the service worker, a script of the page",
        "metrics.py": "figures for Prometheus",
        "wall.py": "a page that answers without a body where nothing has changed",
    }
    for path in [*WEB.glob("pages/**/*.py"), *WEB.glob("shown/**/*.py"), *WEB.glob("api/**/*.py")]:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        called = {ast.unparse(one.func) for one in nodes if isinstance(one, ast.Call)}
        texts = {one.value for one in nodes if isinstance(one, ast.Constant)}
        makes = called & {"Response", "make_response", "send_file"} or "Content-Disposition" in texts
        assert not makes or path.name in pages_that_answer, path
