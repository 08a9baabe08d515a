"""What a row says, as the form has it and as the table keeps it: there and back (R38)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from engine.casework.kit import Kit
from engine.flow.forms import Form
from engine.flow.forms import schema as s
from engine.flow.receivers import CHOICE, DAY, Need, Receiver
from engine.ground.errors import Invalid
from engine.prevention.campaign.campaigns import FORM
from engine.prevention.screening.groups import NAMES

RESULTS = {"done": "已见到本户", "absent": "不在家", "refused": "拒绝"}
MANNERS = {"home": "入户", "phone": "电话", "video": "视频"}
ASSURANCES = {
    "food": "吃",
    "clothing": "穿",
    "education": "义务教育",
    "medical": "基本医疗",
    "housing": "住房安全",
    "water": "饮水安全",
}
WORDS = ("reason", "collected_by", "partner", "remark")
ANSWERS = ("assured", "above_line", "in_group", "declares")
"""Kept as true or false, yes or no in the form."""
LISTS = ("unmet", "groups")
_OWN = ("result", "manner", "visited_on", "household_size", "policy_explained", *WORDS, *ANSWERS, *LISTS)
PAGE, PHONE, WORKBOOK = "page", "phone", "workbook"
ENTERS = frozenset({"village_official", "township_reviewer"})
"""Who enters what was found at the door."""
RECORDED, SAME, CONFLICT, REFUSED = "recorded", "same", "conflict", "refused"


@dataclass(frozen=True)
class Entry:
    """What somebody enters of one household.

    `data` is of the campaign's form. `uuid` is made by whoever enters: what is sent twice is kept once.
    """

    uuid: str
    household_id: int | None
    data: Mapping[str, Any]
    source: str
    new_household: Mapping[str, Any] | None = None
    """One that the register does not have: ``head_name``, ``village_code``, and what is known of
    ``id_number``, ``group_name``, ``address``, ``phone``, ``household_type``. It is looked for first.
    """
    device_at: datetime | None = None
    replaces: str = ""
    """The uuid of the entry that this one corrects."""
    signatures: Mapping[str, str] = field(default_factory=dict)
    """Strokes as text (web/assets/signing/strokes.js), by kind of paper: ``sign_declares`` …"""


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: ``recorded``, the ``same`` as before, kept in ``conflict``, or ``refused``."""

    uuid: str
    kind: str
    screening_id: int | None = None
    household_id: int | None = None
    clue_id: int | None = None
    case_id: int | None = None
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Sentences by field of the form; under ``""`` what is about the entry as a whole."""
    kept: str = ""
    """The uuid of the row that said it already, where that is another one's: its papers go there."""

    @property
    def row_uuid(self) -> str:
        """The uuid of the row that has the entry."""
        return self.kept or self.uuid


ABOUT_THE_VISIT = frozenset({"collected_by", "partner", "policy_explained"})
"""What two who found the same may say differently."""


def columns(data: Mapping[str, Any]) -> dict[str, Any]:
    """The row's columns of the form's clean data; what the owners added to the form goes together."""
    return {
        "result": data["result"],
        "manner": data["manner"],
        "visited_on": date.fromisoformat(str(data["visited_on"])),
        "household_size": None if data.get("household_size") is None else int(data["household_size"]),
        "policy_explained": bool(data.get("policy_explained")),
        **{name: str(data.get(name) or "") for name in WORDS},
        **{name: None if data.get(name) is None else data[name] == "yes" for name in ANSWERS},
        **{name: list(data[name]) if data.get(name) else None for name in LISTS},
        "extra": {key: value for key, value in data.items() if key not in _OWN} or None,
    }


_LONGEST = {"reason": 200, "collected_by": 60, "partner": 60, "remark": 300}
MOST_PEOPLE = 1000


def require_storable(clean: Mapping[str, Any], form: Form) -> None:
    """What the form lets through fits the table, whatever limits its owners have given. Raises Invalid."""
    wrong = {
        name: f"不超过 {most} 字。"
        for name, most in _LONGEST.items()
        if len(str(clean.get(name) or "")) > most
    }
    size = clean.get("household_size")
    if size is not None and (int(size) != size or not 0 < size <= MOST_PEOPLE):
        wrong["household_size"] = f"请填写 1 到 {MOST_PEOPLE} 的整数。"
    if wrong:
        labels = {s.key(component): s.label(component) for component in form.inputs}
        faults = {name: [f"{labels.get(name, name)}：{said}"] for name, said in wrong.items()}
        raise Invalid(next(iter(faults.values()))[0], faults)


def data(row: Any) -> dict[str, Any]:
    """The form's data of a row of the table; what was not asked is left out."""
    said: dict[str, Any] = {
        "result": row.result,
        "manner": row.manner,
        "visited_on": row.visited_on.isoformat(),
        "household_size": row.household_size,
        "policy_explained": row.policy_explained,
        **{name: getattr(row, name) for name in WORDS},
        **{name: _answer(getattr(row, name)) for name in ANSWERS},
        **{name: getattr(row, name) for name in LISTS},
        **(row.extra or {}),
    }
    return {key: value for key, value in said.items() if value not in (None, "", [])}


def _answer(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def alike(row: Any, said: Mapping[str, Any], *, own: bool) -> bool:
    """Whether a stored row says the same; of somebody else's row the visit itself is left out."""
    before, now = data(row), data(SimpleNamespace(**said))
    names = {*before, *now} - (frozenset() if own else ABOUT_THE_VISIT)
    return all(before.get(name) == now.get(name) for name in names)


def _choice(*among: str) -> Need:
    return Need(CHOICE, required=False, among=frozenset(among))


_TICKS = frozenset({"checklist", "taglist"})
KIT = Kit(
    receivers=(
        Receiver(
            "page",
            FORM,
            {
                "result": Need(CHOICE, among=frozenset(RESULTS)),
                "manner": Need(CHOICE, among=frozenset(MANNERS)),
                "visited_on": Need(DAY),
                "collected_by": Need(frozenset({"textfield"})),
                "household_size": Need(frozenset({"number"}), required=False),
                "unmet": Need(_TICKS, required=False, among=frozenset(ASSURANCES)),
                "groups": Need(_TICKS, required=False, among=frozenset(NAMES)),
                **{name: _choice("yes", "no") for name in ANSWERS},
            },
            words="筛查表",
        ),
    ),
    log_kinds={
        "list_carried": "把排查名单下载到手机",
        "rescue_taken": "上传手机救援文件",
    },
    log_facts={
        "kept": "收下的户数",
    },
)
