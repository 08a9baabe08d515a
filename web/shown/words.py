"""How instants, days and codes read on a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from flask import Flask

from engine.casework import lamps
from engine.casework.models import Attachment, Division
from engine.casework.organisation import access, divisions, privacy
from engine.casework.papers import fonts
from engine.casework.supervision import order_lists
from engine.flow.forms import Field, spread
from engine.flow.forms.fields import MAX_FILES
from engine.ground import idnumber, photos
from engine.ground.clock import CHINA, local_date, written
from engine.prevention.assistance import measures
from engine.prevention.hazards import hazards
from engine.prevention.identification import entering
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.matching import batches as matching
from engine.prevention.identification.matching import requests as matching_requests
from engine.prevention.identification.matching.needs import OUTCOMES
from engine.prevention.identification.matching.results import EFFECTS
from engine.prevention.register import naming
from engine.prevention.rollback import lists
from engine.prevention.standing import elimination
from web.server import clock

ITEM_STATUS = {
    "open": "待办",
    "done": "已办结",
    "cancelled": "已收回",
    "returned": "已退回",
    "withdrawn": "已撤回",
}
NOTICE_STATUS = {
    "open": "公示中",
    "closed": "公示结束",
    "superseded": "已由新公示代替",
    "withdrawn": "已撤下",
}
OBJECTION_STATUS = {
    "open": "核查中",
    "dismissed": "不成立",
    "upheld_changed": "成立，重新公示",
    "upheld_withdrawn": "成立，撤下公示",
    "moot": "事项已结束，未再核查",
}


def day(value: date | datetime | str | None) -> str:
    """2022年5月11日; the days of a case's variables are ISO 8601 texts."""
    if not value:
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    found = local_date(value) if isinstance(value, datetime) else value
    return written(found)


def moment(value: datetime | None) -> str:
    """5月11日 14:05, with the year when it is another one."""
    if value is None:
        return ""
    local = value.astimezone(CHINA)
    year = f"{local.year}年" if local.year != local_date(clock.now()).year else ""
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


def spoken(value: object) -> str:
    """A value of a diagram's variable or decision in words: 是, 无, 类别 = 边缘易致贫户，人数 = 3."""
    if value is None or value == "" or value == [] or value == {}:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return "，".join(f"{name} = {spoken(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "；".join(spoken(one) for one in value)
    return str(value)


def plain(documentation: str) -> str:
    """A diagram's documentation as officials read it: without the numbers of the clauses it cites."""
    return re.sub(r"（R\d[^）]*）", "", documentation)


def hour(value: datetime) -> str:
    """14:05, in China."""
    return f"{value.astimezone(CHINA):%H:%M}"


def limit_day(due: datetime | None) -> str:
    """The last day on which a limit that passes at 00:00 of `due` is still kept."""
    return day(lamps.last_day(due)) if due else ""


def instant(text: str) -> str:
    """An ISO 8601 instant as people read it; '' for none."""
    return moment(datetime.fromisoformat(text)) if text else ""


def remaining(due: datetime | None) -> str:
    """还剩 3 天 · 今天到期 · 超期 2 天."""
    return "无期限" if due is None else lamps.words(due, clock.now())


class FormContext:
    """What the form templates ask besides the fields themselves."""

    most_files = MAX_FILES

    def __init__(self, attachments: Mapping[int, Attachment], villages: Sequence[Division] = ()) -> None:
        self.attachments, self.villages = attachments, villages
        self.today = local_date(clock.now()).isoformat()

    def parts(self, row: Sequence[Field]) -> dict[str, list[Field]]:
        """What a row shows: its values, and the lists within it."""
        values, lists = spread(row)
        return {"values": values, "lists": lists}

    def offered(self, field: Field) -> str:
        """What kinds of files a field's chooser offers."""
        return photos.accepted(str(field.component.get("accept") or ""))

    def masked(self, field: Field) -> str:
        """A value as a read-only page may show it."""
        return masked(field)


def masked(field: Field) -> str:
    """A field's value in words: ID numbers and phones masked."""
    wanted = (field.component.get("properties") or {}).get("format")
    shown = privacy.masked_text(field.shown)
    return str(privacy.masked_as(wanted, shown, field.value)) if field.value else shown


def fixed(field: Field) -> object:
    """The value that a page's script reads of a field that nobody may change: numbers of people masked."""
    hides = (field.component.get("properties") or {}).get("format") in ("id_number", "phone")
    return masked(field) if hides else "" if field.value is None else field.value


def size(number: float) -> str:
    """So many bytes in words, e.g. 1.2 MB."""
    for unit in ("字节", "KB", "MB", "GB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "字节" or number >= 10 else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TB"


def register(app: Flask) -> None:
    """Make the words known to the templates."""
    app.jinja_env.filters.update(
        day=day,
        moment=moment,
        hour=hour,
        limit_day=limit_day,
        village=divisions.short_name,
        remaining=remaining,
        instant=instant,
        size=size,
        mask_id=idnumber.mask,
        mask_phone=privacy.mask_phone,
        discreet=privacy.masked_text,
        masked=masked,
        fixed=fixed,
        plain=plain,
        spoken=spoken,
        character=fonts.name_of,
    )
    app.jinja_env.globals.update(
        form_context=FormContext,
        QUEUES=access.QUEUE_NAMES,
        ROLE_NAMES=access.ROLE_NAMES,
        LAMPS=lamps.LAMPS,
        lamp=lamps.lamp,
        TYPES=naming.TYPE_NAMES,
        STATUSES=naming.STATUS_NAMES,
        CATEGORIES=naming.CATEGORY_NAMES,
        CHANNELS=entering.CHANNELS,
        EFFECTS=EFFECTS,
        DEPARTMENTS=DEPARTMENTS,
        MATCHING_STATUS=matching.STATUSES,
        REQUEST_STATUS=matching_requests.STATUSES,
        OUTCOMES=OUTCOMES,
        ITEM_STATUS=ITEM_STATUS,
        NOTICE_STATUS=NOTICE_STATUS,
        OBJECTION_STATUS=OBJECTION_STATUS,
        MEASURE_STATUS=measures.STATUS_NAMES,
        HAZARD_STATUS=hazards.STATUS_NAMES,
        BATCH_RESULTS=lists.RESULTS,
        ORDER_STATUS=order_lists.STATUS_NAMES,
        BATCH_LEVELS=lists.LEVELS,
        MANNERS=elimination.MANNERS,
    )
