"""The extension properties that the product understands: one table, read by the engine, the check, the words
of the handbook and the modeler's panel.

Forms and decision tables of the pages beside the steps are no entries here: which there are, a house says
(its receivers, and what it consults).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.ground.text import whole

Given = Mapping[str, str]
"""What an element's properties say, as written, by name."""

TASKS = ("userTask", "manualTask")
WAITS = ("intermediateCatchEvent", "boundaryEvent")
FORMS = (*TASKS, "startEvent", *WAITS)
"""The elements that a form may hang on."""
SETS = "set:"
"""What begins the name of a property that sets the variable named after it."""


class Kind(StrEnum):
    """What a property's text must be."""

    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    STEPS = "steps"
    """Ids of steps, separated by commas; ``*`` is every step, but those after an exclamation mark."""
    CHOICE = "choice"
    FEEL = "feel"
    FORM = "form"
    SUBJECT = "subject"
    """A kind of subject that cases are about."""
    PAPER = "paper"
    QUEUE = "queue"
    VARIABLE = "variable"
    LIST = "list"
    """Words separated by commas."""


@dataclass(frozen=True)
class Property:
    """One property: what it is called, on which elements it means something, and what its text must be."""

    name: str
    words: str
    on: tuple[str, ...]
    kind: Kind = Kind.TEXT
    label: str = ""
    """What the panel asks; else its words."""
    hint: str = ""
    least: int = 0
    most: int = 0
    unit: str = "天"
    """What a number counts."""
    choices: Mapping[str, str] = field(default_factory=dict)

    def text(self, given: Given) -> str:
        """What is written, '' where nothing is."""
        return given.get(self.name, "").strip()

    def flag(self, given: Given) -> bool:
        """Whether it is set."""
        return given.get(self.name) == "true"

    def number(self, given: Given) -> int | None:
        """The number within its bounds; None where there is none."""
        read = whole(given.get(self.name), self.most)
        return read if read is not None and read >= self.least else None

    def several(self, given: Given) -> tuple[str, ...]:
        """The parts between the commas."""
        return tuple(part.strip() for part in given.get(self.name, "").split(",") if part.strip())


FORM_KEY = Property("formKey", "表单", FORMS, Kind.FORM)
VARIABLE = Property("variable", "变量名", FORMS, Kind.VARIABLE, "表单存入变量", "不写就与表单同名")
QUEUE = Property(
    "queue", "办理层级", (*TASKS, "startEvent"), Kind.QUEUE, "归谁的待办", "平常把任务拖到那一级的泳道里就行"
)
BULK = Property("bulk", "批量办理", TASKS, Kind.FLAG, "可以勾选多件，一次办理")
SEPARATE_FROM = Property(
    "separateFrom", "不能由同一人办理", TASKS, Kind.STEPS, "办过这些步骤的人不能办这一步"
)
"""R12, R38: four eyes."""
RETURNS_TO = Property(
    "returnsTo", "退回到哪一级", TASKS, Kind.QUEUE, "退回只能退到", "这一级或本级办过的步骤；不写的不限"
)
"""R28: above the county an application goes back to the county, not past it."""
SHOWS = Property("shows", "显示的内容", TASKS, Kind.STEPS, "办理时展开看哪些步骤的表")
EXCEPTIONAL = Property(
    "exceptional", "例外步骤", (*TASKS, *WAITS, "callActivity"), Kind.FLAG, "平常走不到，走到了才列入办理进度"
)
LIST = Property("list", "名单", ("userTask",), Kind.PAPER, "这一步的文书")
DOCUMENT = Property("document", "文书", ("userTask",), Kind.PAPER, "这一步的文书")
PAPER_TEXTS = {
    name: Property(f"paper:{name}", f"名单上的{words}", ("userTask",), Kind.FEEL, words)
    for name, words in {
        "matter": "事由",
        "basis": "依据",
        "addressee": "报给谁",
        "signature": "落款",
        "when": "列入名单的条件",
    }.items()
}
"""The words of a list, by their name."""
PAPER_FIELDS = Property(
    "paper:fields", "名单上另加的栏", ("userTask",), Kind.LIST, hint="这一步表单的字段名，用逗号隔开"
)
WARN_DAYS = Property("warnDays", "提前几天预警", ("boundaryEvent",), Kind.NUMBER, "到期前几天预警", most=3650)
"""At the most ten years ahead: an earlier warning warns of nothing."""
COUNTS_FROM = Property(
    "countsFrom",
    "日期由哪一步填写",
    WAITS,
    Kind.STEPS,
    hint="填的日期早于那一步打开之日的，自打开之日起算",
)
"""The step whose typed dates a timer's period counts from, never from before that step opened (R10, R29)."""
CLAUSE = Property("clause", "依据的条款", WAITS, hint="法定期限写条款编号，如 R10；系统按条款核对天数")
AT_LEAST = Property("atLeast", "法定不少于（天）", WAITS, Kind.NUMBER, least=1, most=3650)
AT_MOST = Property("atMost", "法定不超过（天）", WAITS, Kind.NUMBER, least=1, most=3650)
ALLOWED_BY = Property(
    "allowedBy",
    "另有规定的文件",
    WAITS,
    hint="天数与法定不同时，写明文件名称和文号，审批时由第二人核对",
)
"""The document by which a limit may lie outside the law's bounds."""
KNOWN = "known"
AFTER_RETURN = Property(
    "afterReturn",
    "退回到这之前时",
    WAITS,
    Kind.CHOICE,
    "事项退回到这之前时",
    "登记过的异议、意见不会因为退回而丢失",
    choices={
        "": "接着办理：再走到这里时，已登记的仍要办",
        KNOWN: "只留作情况：再走到这里时，重新等待",
    },
)
"""What becomes of a report that was caught when the case goes back before it:
it waits and is caught again, or it stays ``known``, and the event waits anew.
"""
OUTCOME = Property(
    "outcome",
    "结论",
    ("endEvent",),
    label="结果的代号",
    hint="后面的条件和统计用，英文；名称是人看到的结果",
)
RESULT_VARIABLE = Property(
    "resultVariable",
    "结果变量",
    ("businessRuleTask",),
    Kind.VARIABLE,
    "结果存入变量",
    "不写就与决策表同名",
)
ABOUT = Property("about", "办理的对象", ("process",), Kind.SUBJECT, "这个流程办理什么", "不选的，就是第一种")
PART = Property("part", "公用环节", ("process",), Kind.FLAG, "这是公用环节，由别的流程调用，不单独启动")
EXCLUSIVE = Property(
    "exclusive",
    "同时只办一件",
    ("process",),
    label="互斥的组",
    hint="同一组的流程，一个对象同时只办一件，如 register",
)
OPENS_FOR = Property(
    "opensFor",
    "可对谁启动",
    ("startEvent",),
    Kind.LIST,
    "在对象的页面可以启动，对",
    "都不选就只能由别的流程启动",
)
RECURS = Property("recurs", "定期开展", ("startEvent",), Kind.FLAG, "可以定期开展")
EVERY_MONTHS = Property(
    "everyMonths",
    "间隔几个月",
    ("startEvent",),
    Kind.NUMBER,
    "间隔（月）",
    least=1,
    most=36,
    unit="个月",
)
RECEIVES = Property(
    "receives",
    "启动时收到的变量",
    ("startEvent",),
    Kind.LIST,
    "由别的流程启动时收到的变量",
    "英文名，用逗号隔开",
)
"""Further variables: those that another procedure gives as it opens a case."""

TABLE: Mapping[str, Property] = {
    one.name: one
    for one in (
        FORM_KEY,
        VARIABLE,
        QUEUE,
        BULK,
        SEPARATE_FROM,
        RETURNS_TO,
        SHOWS,
        EXCEPTIONAL,
        LIST,
        DOCUMENT,
        *PAPER_TEXTS.values(),
        PAPER_FIELDS,
        WARN_DAYS,
        COUNTS_FROM,
        CLAUSE,
        AT_LEAST,
        AT_MOST,
        ALLOWED_BY,
        AFTER_RETURN,
        OUTCOME,
        RESULT_VARIABLE,
        ABOUT,
        PART,
        EXCLUSIVE,
        OPENS_FOR,
        RECURS,
        EVERY_MONTHS,
        RECEIVES,
    )
}


def is_ours(name: str) -> bool:
    """Whether the product understands a property of this name, wherever it stands."""
    return name in TABLE or name.startswith(SETS) or is_page_form(name) or is_page_decision(name)


def is_page_form(name: str) -> bool:
    """Whether a process's property gives a form to a page beside its steps."""
    return name.endswith("Form")


def page_forms(given: Given) -> dict[str, str]:
    """The forms that a process gives to pages beside its steps, by the property's name."""
    return {name: key for name, key in given.items() if is_page_form(name)}


def is_page_decision(name: str) -> bool:
    """Whether a process's property gives a decision table to a page beside its steps."""
    return name.endswith("Decision")


def page_decisions(given: Given) -> dict[str, str]:
    """The decision tables that a process gives to pages beside its steps, by the property's name."""
    return {name: key for name, key in given.items() if is_page_decision(name)}


def paper_of(given: Given) -> str:
    """The kind of paper that a user task goes with, or ''."""
    return LIST.text(given) or DOCUMENT.text(given)
