"""What an empty database needs before the first official signs in: a province, and the procedures.

Which province is data (`engine.prevention.installation.province`); the product carries one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from importlib.metadata import distribution
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.definitions import deployment
from engine.casework.models import MonitoringLine, Setting
from engine.casework.models import Province as Row
from engine.casework.organisation import bodies, calendar, divisions, legal_bounds
from engine.casework.organisation.bodies import BodyRow
from engine.casework.portions import recounting
from engine.casework.telling import notification_rules
from engine.ground.clock import local_date
from engine.ground.database import write
from engine.ground.errors import Conflict
from engine.prevention.installation.province import Province, carried
from engine.prevention.register.monitoring_lines import ruling

CHECKOUT = Path(__file__).resolve().parents[3]
SHIPPED = "share/shouwang"


def _root() -> Path:
    """The checkout when there is one, else where the installer has put the procedures."""
    if (CHECKOUT / "bpmn").is_dir():
        return CHECKOUT
    packed = (file for file in distribution("shouwang").files or () if SHIPPED in file.as_posix())
    return next(
        (Path(str(file.locate())).resolve().parents[1] for file in packed if file.suffix == ".json"),
        CHECKOUT,
    )


ROOT = _root()
"""Where ``bpmn/`` and ``forms_json/`` lie."""
INSTANCE = (ROOT if ROOT == CHECKOUT else Path.cwd()) / "instance"
"""Where a database goes that nobody has given a place: in the checkout, or where the command was called."""
Say = Callable[[str], None]


def install(
    session: Session,
    now: datetime,
    given: Province | None = None,
    *,
    root: Path = ROOT,
    say: Say = lambda text: None,
) -> None:
    """Set up a province, the given one or the one that is carried, and deploy the procedures.

    May be run again, also after it was cut off: it adds only what is missing, and never touches a line that
    is in force or a body that people entered. Raises Conflict when the database is another province's.
    """
    day, present = local_date(now), session.get(Row, 1)
    first = present is None or not present.sha256
    if given is None:
        given, anew = _default(present, day), first
    else:
        anew = True
    if given is not None:
        _require_own(present, given)
        with write(session, alone=True):
            _begin(session, given, now)
        say("区划")
        divisions.load(session, given.divisions, given.parameters.edition)  # in portions of its own
    with write(session, alone=True):
        say("节假日")
        with recounting.as_years_come(session, now):  # a later release may know a year more
            calendar.seed(session, day, given.days if given else ())
        if given is not None:
            _add(session, given, now)
        limits_changed = given is not None and anew and _set(session, given, now, say)
        notification_rules.seed(session)
        say("流程")
        deployment.deploy_directory(session, root, now, anew=limits_changed)


def _default(present: Row | None, day: date) -> Province | None:
    """The province to go on with when none is given: the carried one where the database is its.

    Raises Conflict for one of another province that was cut off: only its files can complete it.
    """
    own = carried(day)
    if present is None or present.code == own.code:
        return own
    if present.data and not present.sha256:
        raise Conflict(f"{present.name}还没有装完：请用 --province 再给一次省级数据，从停下的地方接着装。")
    return None


def _require_own(present: Row | None, given: Province) -> None:
    if present is not None and present.code != given.code:
        raise Conflict(
            f"这个数据库已是{present.name}的，不能再装{given.name}：请另建数据库（SHOUWANG_DATABASE）。"
        )


def _begin(session: Session, given: Province, now: datetime) -> None:
    """The database says whose it is, before anything else is in it; its hash comes when all is."""
    if session.get(Row, 1) is None:
        data = dict(given.parameters.data)
        session.add(Row(id=1, code=given.code, name=given.name, data=data, sha256="", installed_at=now))
        session.flush()


def _add(session: Session, given: Province, now: datetime) -> None:
    """What is missing: the first lines, bodies, settings."""
    own = given.parameters
    lines = select(MonitoringLine.id).where(MonitoringLine.province_code == given.code)
    if session.scalar(lines.limit(1)) is None:
        ruling.adopt(session, own.lines, now)
    bodies.adopt(session, [*given.bodies, *_names(given)], now)
    for key, value in own.settings.items():
        if session.get(Setting, key) is None:
            session.add(Setting(key=key, value=value))


def _set(session: Session, given: Province, now: datetime, say: Say) -> bool:
    """What the given files decide anew: the bounds of legal limits, by the documents that they name.

    Answers whether these are others than before.
    """
    row = session.get_one(Row, 1)
    own = given.parameters
    changed = legal_bounds.adopt(session, own.limits, now)
    if changed:
        say(f"法定期限按本省数据：{'、'.join(changed)}")
    if row.sha256 != given.sha256:
        row.name, row.data, row.sha256 = given.name, dict(own.data), given.sha256
        details = {
            "code": given.code,
            "sha256": given.sha256,
            "divisions": len(given.divisions),
            "limits": {clause: [one.days, one.document] for clause, one in own.limits.items()},
        }
        audit.record(session, "parameters", None, "province_installed", details, now)
    return bool(changed)


def _names(given: Province) -> list[BodyRow]:
    """What the province calls its offices, and the nation's."""
    own, entered = given.parameters, {(one.division_code, one.kind) for one in given.bodies}
    rows = [
        BodyRow(given.code, "office_word", own.office_word),
        BodyRow(given.code, "national", own.national, valid_from=own.national_from),
    ]
    return [one for one in rows if one.name and (one.division_code, one.kind) not in entered]
