"""The tables of the page of figures: lists of each database from a run of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from web.cli import main

TABLES = ("sizes", "pages", "growing")
PAGE = "\n".join(f"<!-- bench: {name} -->\n<!-- /bench -->" for name in TABLES)


def lists(cpu: float) -> dict[str, Any]:
    """A run of `--scale` in which the inbox stays as it is and the province's board comes to `cpu` ms."""
    sizes = []
    for many, board in ((10, 10.0), (1000, cpu)):
        pages = {
            name: {"median_ms": 1.0, "p95_ms": ms + 1, "cpu_p95_ms": ms, "cpu_ms": ms, "statements": 3}
            for name, ms in (("typical /todo", 8.0), ("省 /supervision", board))
        }
        filled = {"rows": {"household": many}, "rows_seconds": 1.2, "index_seconds": 0.5}
        counts = dict.fromkeys(("households", "cases", "open_items", "standing"), many)
        sizes.append({**counts, "filled": filled, "pages": pages, "step": {"cpu_ms": 2.5}})
    return {"sizes": sizes, "growth": {"typical /todo": 1.0, "省 /supervision": round(cpu / 10, 2)}}


def test_lists_of_both_databases_come_from_a_run_each(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    runs = [{"database": name} for name in ("SQLite", "PostgreSQL")]
    after = tmp_path / "after.json"
    after.write_text(json.dumps({"runs": runs}), encoding="utf-8")
    arguments = ["bench-document", str(page), str(after)]
    for run, cpu in zip(runs, (20.0, 14.0), strict=True):
        found = tmp_path / f"{run['database']}.json"
        found.write_text(json.dumps({"runs": [{**run, "lists": lists(cpu)}]}), encoding="utf-8")
        arguments += ["--lists", str(found)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    said = page.read_text(encoding="utf-8")
    assert "| SQLite | 1,000 | 1,000 | 1,000 | 1,000 | 1,000 | 2 |" in said
    assert "| PostgreSQL | 10 | 10 | 10 | 10 | 10 | 2 |" in said
    assert "| SQLite, clock | its processor | PostgreSQL, clock | its processor |" in said
    figures = "11.0 → 21.0 | 10.0 → 20.0 | 11.0 → 15.0 | 10.0 → 14.0"
    assert f"| Supervision board of the province | ≤ 300 | {figures} |" in said
    assert "| A step, processor ms | flat |  | 2.5 → 2.5 |  | 2.5 → 2.5 |" in said
    why = "the board adds up the counters of all counties below"
    assert (
        f"| `省 /supervision` | SQLite | 10.0 → 20.0 | 2.0 | {why} |" in said
        and "| `省 /supervision` | PostgreSQL" not in said
    )
    assert CliRunner().invoke(main, [*arguments, "--check"]).exit_code == 0
