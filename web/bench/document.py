"""The tables of docs/performance.md from the figures of two runs: none is typed by hand.

A table stands between ``<!-- bench: name -->`` and ``<!-- /bench -->``; what lies between is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]
_TABLE = re.compile(r"(<!-- bench: (\w+) -->\n).*?(<!-- /bench -->)", re.DOTALL)
SHARES = {
    "sqlalchemy": "SQLAlchemy",
    "spiffworkflow": "SpiffWorkflow",
    "driver": "driver of the database (SQLite: the database too)",
    "codec": "state codec",
    "feel": "FEEL",
    "forms": "forms",
    "flow": "the rest of engine/flow",
    "casework": "engine/casework",
    "services": "engine/prevention (services)",
    "ground": "engine/ground",
    "python": "Python's library",
}
GOALS: Sequence[tuple[str, str, Callable[[Figures], Any]]] = (
    ("Bare transactions of three rows a second", "", lambda run: run["floor"]["per_second"]),
    ("The same, processor ms", "", lambda run: run["floor"]["cpu_ms"]),
    ("**Steps, processor ms**", "≤ 2.0", lambda run: run["completions"]["cpu_ms"]),
    ("Steps, processor time over the floor's", "", lambda run: f"{run['completions']['cpu_of_floor']} ×"),
    (
        "Steps a second in process, durable",
        "≥ 500 (PostgreSQL 300)",
        lambda run: run["completions"]["per_second"],
    ),
    ("The same, of the floor", "≥ 8 %", lambda run: _percent(run["completions"]["of_floor"])),
    ("Statements a step", "", lambda run: run["completions"]["statements_a_step"]),
    ("Steps a second, two processes", "", lambda run: run["two_processes"]["per_second"]),
    ("The same over one process", "", lambda run: f"{run['two_processes']['speed_up']} ×"),
    ("Steps a second over HTTP, one server process", "≥ 200", lambda run: run["http"]["per_second"]),
    ("The same, processor ms of the server process", "", lambda run: run["http"]["cpu_ms"]),
    ("1,000 decisions at once, s", "≤ 3", lambda run: run["bulk"]["seconds_per_1000"]),
    ("The same, processor ms each", "", lambda run: run["bulk"]["cpu_ms"]),
    ("20,000 notices that end at once, s", "≤ 60", lambda run: run["timers"]["seconds_per_20000"]),
    ("The same, processor ms each", "", lambda run: run["timers"]["cpu_ms"]),
    (
        "Bytes of a finished case of 11 steps",
        "≤ 7,900",
        lambda run: run["completions"]["bytes_a_finished_case"],
    ),
    ("Finished cases replayed a second", "", lambda run: run["replay"]["per_second"]),
)
HEADLINES: Sequence[tuple[str, str, str]] = (
    ("Inbox of a township, 500 items of its own", "typical /todo", "≤ 20"),
    ("Inbox of a township, 5,000 items of its own", "busy /todo", "≤ 20"),
    ("Task page", "village /tasks/", "≤ 25"),
    ("Case page", "village /cases/", "≤ 25"),
    ("Supervision board of the province", "省 /supervision", "≤ 300"),
    ("Board of the province, overdue", "省 /supervision?lamp=red", "≤ 300"),
    ("The province, whose head is called 王", "省 /supervision?q=王", "≤ 300"),
    ("Statistics of the province by week", "省 /statistics?grain=week", "≤ 300"),
)


def written(page: str, after: Figures, before: Figures | None) -> str:
    """The page with every table made anew."""

    def made(found: re.Match[str]) -> str:
        return f"{found[1]}{_table(found[2], after, before)}\n{found[3]}"

    return _TABLE.sub(made, page)


def with_lists(figures: Figures, opened: Iterable[Figures]) -> Figures:
    """The figures with the lists that other runs (`--scale`) have opened, database by database."""
    lists = {run["database"]: run["lists"] for others in opened for run in others["runs"]}
    runs = [
        {**run, **({"lists": lists[run["database"]]} if run["database"] in lists else {})}
        for run in figures["runs"]
    ]
    return {**figures, "runs": runs}


def _table(name: str, after: Figures, before: Figures | None) -> str:
    """The table, or that the run has not measured it."""
    if name == "peers" and "ours" not in after.get("peers", {}):
        return "Not in this run (`--peers`)."
    if name in ("sizes", "pages", "growing") and not _with_lists(after):
        return "Not in this run (`--full`)."
    return "\n".join(_TABLES[name](after, before))


def _cells(*cells: Any) -> str:
    return f"| {' | '.join(_said(cell) for cell in cells)} |"


def _said(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def _columns(after: Figures, before: Figures | None) -> list[tuple[str, Figures]]:
    """Database by database, before and after."""
    earlier = {run["database"]: run for run in (before or {}).get("runs", ())}
    found: list[tuple[str, Figures]] = []
    for run in after["runs"]:
        if run["database"] in earlier:
            found.append((f"{run['database']} before", earlier[run["database"]]))
        found.append((run["database"], run))
    return found


def _head(first: Sequence[str], columns: Sequence[tuple[str, Figures]]) -> Iterator[str]:
    yield _cells(*first, *(name for name, _ in columns))
    yield f"|{'---|' * len(first)}{'---:|' * len(columns)}"


def _machine(after: Figures, before: Figures | None) -> Iterator[str]:
    for said, figures in (("Before", before), ("After" if before else "Measured", after)):
        if figures is not None:
            one = figures["machine"]
            runs = ", ".join(f"{run['database']} {run['database_version']}" for run in figures["runs"])
            libraries = ", ".join(
                f"{name} {number}" for name, number in figures["libraries"].items() if number
            )
            yield (
                f"{said}: {figures['date']}, Shouwang {figures['version']}, {one['cores']} cores"
                f" ({one['processor']}), {one['memory_gb']} GB, load {one['load']} at the end;"
                f" Python {figures['python']}, {runs}; {libraries}."
            )
            yield ""


def _goals(after: Figures, before: Figures | None) -> Iterator[str]:
    columns = _columns(after, before)
    yield from _head(("Figure", "Goal"), columns)
    for name, goal, figure in GOALS:
        yield _cells(name, goal, *(_asked(figure, run) for _, run in columns))


def _asked(figure: Callable[[Figures], Any], run: Figures) -> Any:
    """A figure, or nothing where an earlier release measured none."""
    try:
        return figure(run)
    except KeyError:
        return ""


def _shares(after: Figures, before: Figures | None) -> Iterator[str]:
    columns = _columns(after, before)
    yield from _head(("Part of a step's processor time",), columns)
    for part, name in SHARES.items():
        yield _cells(name, *(_percent(run["breakdown"]["share"].get(part, 0)) for _, run in columns))
    yield _cells("Python calls a step", *(run["breakdown"]["calls_a_step"] for _, run in columns))


def _statements(after: Figures, before: Figures | None) -> Iterator[str]:
    columns = _columns(after, before)
    yield from _head(("Statements of a step",), columns)
    for step in after["runs"][0]["completions"]["statements_by_step"]:
        per_step = (run["completions"]["statements_by_step"].get(step, "") for _, run in columns)
        yield _cells(f"`{step}`", *per_step)


def _peers(after: Figures, before: Figures | None) -> Iterator[str]:
    del before
    ours = {
        "Shouwang, the same work": after["peers"]["ours"],
        "Shouwang, the identification": after["runs"][0]["completions"],
    }
    yield _cells("Engine", "Processor ms a step", "Steps a second", *(f"{name}, over it" for name in ours))
    yield "|---|---:|---:|---:|---:|"
    for name, one in ours.items():
        yield _cells(name, one["cpu_ms"], one["per_second"], "", "")
    for name, one in after["peers"]["engines"].items():
        ratios = (f"{mine['cpu_ms'] / one['cpu_ms']:.2f} ×" for mine in ours.values())
        yield _cells(name, one["cpu_ms"], one["per_second"], *ratios)


def _sizes(after: Figures, before: Figures | None) -> Iterator[str]:
    del before
    yield _cells("Database", "Households", "Cases", "Open items", "Running limits", "Rows written", "Seconds")
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for run in _with_lists(after):
        for size in run["lists"]["sizes"]:
            filled = size["filled"]
            seconds = round(filled["rows_seconds"] + filled["index_seconds"])
            counts = (size[name] for name in ("households", "cases", "open_items", "standing"))
            yield _cells(run["database"], *counts, sum(filled["rows"].values()), seconds)


def _with_lists(figures: Figures) -> list[Figures]:
    return [run for run in figures["runs"] if "lists" in run]


def _pages(after: Figures, before: Figures | None) -> Iterator[str]:
    columns = [(name, run) for name, run in _columns(after, before) if "lists" in run]
    both = [one for name, run in columns for one in ((f"{name}, clock", run), ("its processor", run))]
    yield from _head(("Page, 95 % in ms at ten thousand → a million", "Goal"), both)
    for name, page, goal in HEADLINES:
        figures = ("p95_ms", "cpu_p95_ms")
        yield _cells(name, goal, *(_grown(run["lists"], page, one) for _, run in columns for one in figures))
    yield _cells(
        "A step, processor ms", "flat", *(one for _, run in columns for one in ("", _steps(run["lists"])))
    )


def _grown(lists: Figures, page: str, figure: str) -> str:
    """Small → large of the page whose name is, or begins with, this."""
    found = []
    for size in lists["sizes"]:
        named = next(
            (
                one
                for name, one in size["pages"].items()
                if name == page or (page.endswith("/") and name.startswith(page))
            ),
            None,
        )
        found.append(str(named[figure]) if named else "–")
    return " → ".join(found)


def _steps(lists: Figures) -> str:
    return " → ".join(str(size["step"]["cpu_ms"]) for size in lists["sizes"])


def _growing(after: Figures, before: Figures | None) -> Iterator[str]:
    del before
    yield _cells("Who and what", "Database", "Processor ms", "Times the small one", "Why")
    yield "|---|---|---:|---:|---|"
    for run in _with_lists(after):
        lists = run["lists"]
        small, large = (size["pages"] for size in lists["sizes"])
        for name, times in sorted(lists["growth"].items(), key=lambda one: -one[1]):
            if times > 1.5:
                both = f"{small[name]['cpu_ms']} → {large[name]['cpu_ms']}"
                yield _cells(f"`{name}`", run["database"], both, times, _why(name))


_WHY = (
    (r"省|市", r"/supervision\?q=", "every open case's name is looked through for a part of one"),
    (r"省|市", r"/supervision\?sort=", "all limits of the reach are sorted by what the order asks"),
    (r"省|市", r"/(supervision|watch|walls)", "the board adds up the counters of all counties below"),
    (r"省|市", r"/statistics", "figures of every division below are added up"),
    (r"省|市", r"/officials", "every official of the reach is counted: the busiest come first"),
    (
        r"省|市",
        r"/(households|clues|register|measures)\?q=",
        "up to 5,000 of a name are looked for one by one",
    ),
    (r"省|市", r"/measures", "counted up to the thousandth row, which the small one has not"),
    (
        r"village|typical|busy|county|县|市",
        r"/(clues|papers|bell)",
        "what other counties were told later stands above its own",
    ),
    (
        r"县",
        r"/quality/hints",
        "PostgreSQL reads every household's years, unless told that its disk is an SSD",
    ),
    (r"xitong|shenji", r"", "administrators see the whole province's accounts, messages and log"),
)
"""Why a page grows that is named: whose, which, in a few words."""


def _why(name: str) -> str:
    who, _, path = name.partition(" ")
    return next((why for whose, page, why in _WHY if re.fullmatch(whose, who) and re.match(page, path)), "–")


_TABLES: Mapping[str, Callable[[Figures, Figures | None], Iterator[str]]] = {
    "machine": _machine,
    "goals": _goals,
    "shares": _shares,
    "statements": _statements,
    "peers": _peers,
    "sizes": _sizes,
    "pages": _pages,
    "growing": _growing,
}
