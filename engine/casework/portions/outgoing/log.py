"""The log as an Excel file: all that its page finds, the latest line first; the export is on the log."""

from __future__ import annotations

from collections.abc import Iterator

from engine.casework import audit
from engine.casework.kit import Kit
from engine.casework.organisation.identity import journal
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground.clock import CHINA, SYSTEM

COLUMNS = ("时间", "谁", "类", "做了什么", "内容")
WIDTHS = (20, 16, 16, 16, 80)


def _wanted(asked: Asked) -> journal.Wanted:
    return journal.read(asked.given, SYSTEM.now(), asked.now)


def _rows(asked: Asked) -> Iterator[list[str]]:
    for line in journal.lines(asked.session, asked.actor, _wanted(asked)):
        facts = "；".join(f"{name} {value}" for name, value in line.facts)
        moment = f"{line.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        yield [moment, line.who, line.group, line.kind, facts]


def _note(asked: Asked, rows: int) -> None:
    """The filter in words that no filter finds again."""
    said = {"filter": journal.said(_wanted(asked)), "lines": rows}
    audit.record(asked.session, "access", asked.actor.id, "log_export", said, asked.now)


KIT = Kit(outgoing={"log": Outgoing("日志", COLUMNS, _rows, widths=WIDTHS, notes=_note)})
