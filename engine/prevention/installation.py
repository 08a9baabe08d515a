"""What an empty database needs before the first official signs in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from importlib.metadata import distribution
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.models import MonitoringLine
from engine.casework.organisation import calendar, divisions
from engine.casework.portions import recounting
from engine.casework.telling import notification_rules
from engine.ground.database import write
from engine.prevention.register import monitoring_lines

CHECKOUT = Path(__file__).resolve().parents[2]
SHIPPED = "share/shouwang"


def _root() -> Path:
    """The checkout when there is one, else where the installer has put the procedures."""
    if (CHECKOUT / "bpmn").is_dir():
        return CHECKOUT
    carried = (file for file in distribution("shouwang").files or () if SHIPPED in file.as_posix())
    return next(
        (Path(str(file.locate())).resolve().parents[1] for file in carried if file.suffix == ".json"),
        CHECKOUT,
    )


ROOT = _root()
"""Where ``bpmn/`` and ``forms_json/`` lie."""
INSTANCE = (ROOT if ROOT == CHECKOUT else Path.cwd()) / "instance"
"""Where a database goes that nobody has given a place: in the checkout, or where the command was called."""
HENAN = "410000000000"
FIRST_LINE = monitoring_lines.LineRow(
    province_code=HENAN,
    year=2022,
    amount=6900,
    effective_from=date(2022, 1, 1),
    basis="2021年全省农村居民人均可支配收入增长8.8%,2022年防返贫监测范围以家庭年人均纯收入6900元为参考",
)
"""R01: the plan's own figure; later years are entered by the province."""
Say = Callable[[str], None]


def install(session: Session, now: datetime, *, root: Path = ROOT, say: Say = lambda text: None) -> None:
    """Load divisions, days off and the first monitoring line,
    and deploy the procedures that the product carries.

    May be run again: it adds only what is missing.
    """
    say("区划")
    divisions.load(session, divisions.read_official())  # in portions of its own
    with write(session):
        say("节假日")
        with recounting.as_years_come(session, now):  # a later release may know a year more
            calendar.seed(session)
        if session.scalar(select(MonitoringLine.id).limit(1)) is None:
            monitoring_lines.adopt(session, [FIRST_LINE], now)
        notification_rules.seed(session)
        say("流程")
        definitions.deploy_directory(session, root, now)
