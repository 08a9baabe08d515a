"""docs/requirements.md from the duty marks of the tests: `python -m tests.duties [--check]`.

The page is written from the marks as they stand in the tests' files; a unit test says at once when it is
stale. `--check` holds it against the last whole run, which has left one line per marked test in .cache/duties
(see conftest.py): a test proves its duties when all its variants passed. A duty without a proof is said to be
unfinished.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / ".cache" / "duties"
PAGE = ROOT / "docs" / "requirements.md"
UNFINISHED = "〈未完成〉"

CHAPTERS = {
    "监测范围与排查": (
        (
            "R01",
            "监测范围按年度、按省登记，改动不用换程序，每次判断记下所用的数值",
            "dated monitoring line, never a constant",
        ),
        ("R02", "不设规模、比例、指标：符合条件的都纳入", "no quota anywhere"),
        ("R03", "全面筛查每一户，按村、乡、县看进度", "screening campaign over every household"),
        ("R04", "十类重点人群逐户核查", "key groups are verified"),
        ("R05", "筛查后哪些户进入核实，由决策表判断", "decision table from screening to verification"),
        (
            "R06",
            "三个渠道的线索，同户并入一件，期限从最早的发现日起算",
            "three channels; the earliest clue rules the clock",
        ),
    ),
    "识别认定": (
        (
            "R07",
            "入户核实，表格填全才能办结，签订承诺授权书",
            "household verification and authorisation letter",
        ),
        ("R08", "不签授权书的，记下原因，不比对，据此结束", "no matching without a signed letter"),
        (
            "R09",
            "信息比对与其他步骤同时进行，低保户沿用已有结果，迟到的结果不耽误办理",
            "data matching in parallel; results reused; late results block nothing",
        ),
        (
            "R10",
            "民主评议后公示满 5 天，谁也不能提前结束；有异议的，处理完才结束",
            "notice of five full days, objections keep it open",
        ),
        ("R11", "乡级审核：同意、退回或不同意，可逐户也可批量", "township review, one or many"),
        (
            "R12",
            "县级审批：须有比对结果或书面理由，经办人不审批自己的件",
            "county approval with matching or a reason, by another person",
        ),
        ("R13", "以乡镇名义公告，隐去个人信息，有编号和日期", "masked, numbered announcement"),
        (
            "R14",
            "录入全国系统，登记户编号，档案可打印",
            "registration with the national number; printable archive",
        ),
        (
            "R15",
            "发现线索到县级审批 15 天：提前 3 天预警，超期标红并说明，不因此拒绝",
            "fifteen days: warn, mark, explain, never reject",
        ),
        ("R16", "收入只是参考，系统提建议，由人决定，不同意建议的写明理由", "rules recommend, people decide"),
        ("R17", "监测对象的三种类别", "the three categories"),
    ),
    "帮扶": (
        ("R18", "每户确定一名帮扶责任人", "one responsible official"),
        ("R19", "审批后 10 天内制定帮扶计划、申报措施", "assistance plan within ten days"),
        ("R20", "村两委建立帮扶档案", "assistance archive"),
        ("R21", "定期检查措施是否落实、是否一兜了之", "recurring check of measures"),
        ("R22", "按风险建议措施，有风险而无措施的写明理由", "measures proposed from risks"),
    ),
    "风险消除": (
        ("R23", "消除风险的条件由决策表判断，指明哪条不满足", "conditions of elimination"),
        (
            "R24",
            "整户无劳动力的原则上不消除，县级可写明理由后例外",
            "no-labour households stay, the county may override",
        ),
        ("R25", "消除的核查、评议、公示、审核、审批、公告，并告知农户", "the elimination procedure"),
        ("R26", "定期回头看", "look-back"),
    ),
    "回退与清退": (
        ("R27", "回退按消除的程序办", "rollback follows the elimination"),
        (
            "R28",
            "县申请、市审核、省汇总、国家同意后由省执行，分批办理",
            "county, city, province, national consent",
        ),
        ("R29", "清退不删除记录", "clearance never deletes"),
    ),
    "规模性返贫风险": (
        ("R30", "登记五类灾害风险和影响的范围", "five kinds of hazard"),
        ("R31", "七类需要关注的地方", "areas to watch"),
        ("R32", "部门名单导入后生成线索，会商有记录", "department lists raise clues"),
        ("R33", "应急预案的启动、落实和结束", "contingency plans"),
    ),
    "信息核实": (
        ("R34", "脱贫户的数据疑点生成更正任务", "data quality of formerly poor households"),
        ("R35", "监测对象的数据疑点生成更正任务", "data quality of monitored households"),
        ("R36", "乡镇信息采集", "township data"),
    ),
    "时间安排与组织": (
        ("R37", "各阶段时间节点和进度", "campaign milestones"),
        ("R38", "谁采集、谁录入、谁负责：每个数值都有人和时间", "who collected, who entered, who answers"),
        ("R39", "省级抽查，问题返回更正", "provincial sampling"),
        ("R40", "市级总结报告", "summary reports"),
        ("R41", "已知的信息不再重复填写", "nothing is typed twice"),
    ),
    "系统": (
        (
            "C1",
            "流程由 SpiffWorkflow 按图运行，改图即改办法",
            "BPMN run by SpiffWorkflow: the diagram is the behaviour",
        ),
        ("C2", "任务按泳道和农户所在地进入村、乡、县的待办", "queues by lane and division"),
        (
            "C3",
            "5 天、10 天、15 天的期限画在图上，到期一分钟内触发，恰好一次",
            "timers in the diagram, exactly once, also after downtime",
        ),
        ("C4", "网页待办：看见并办结自己的事项", "Flask task inbox"),
        ("C5", "流程管理员改图：检查、启用、保留旧版", "process owners edit, check and deploy"),
        ("C6", "督查员看到超期的事项", "supervisors see what is overdue"),
    ),
}
"""The duties in our words, by chapter: number, what it asks, the same in English."""
NUMBERS = [number for duties in CHAPTERS.values() for number, _, _ in duties]
HEAD = """# 职责与测试 · Duties and the tests that prove them

本页由 `python -m tests.duties` 生成，请勿手改。每个测试注明它证明哪条职责（`@pytest.mark.duty("R10")`），
还没有测试证明的职责写明“未完成”。下表所列的测试，在完整运行 `./test` 时有一个没有通过或者没有运行，
`./test` 就失败；新的测试没有列入的，也失败，并提示重新生成。
R01–R41 依据河南省 2022 年工作方案，C1–C6 依据系统建设要求。

This page is generated from the duty marks of the tests. `./test` fails when one of those listed has failed or
was not run, and when a marked test is not listed.
"""


def proofs(results: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The passing tests by duty. Raises ValueError for a mark that names no duty."""
    passed: dict[str, bool] = {}
    duties: dict[str, set[str]] = defaultdict(set)
    for result in results:
        test = str(result["test"])
        passed[test] = passed.get(test, True) and bool(result["passed"])
        duties[test].update(result["duties"])
    unknown = {number for numbers in duties.values() for number in numbers} - set(NUMBERS)
    if unknown:
        raise ValueError(f"no such duty: {', '.join(sorted(unknown))}")
    return {
        number: sorted(test for test in duties if passed[test] and number in duties[test])
        for number in NUMBERS
    }


def page(proven: Mapping[str, list[str]]) -> str:
    """The page's text."""
    done = sum(bool(proven[number]) for number in NUMBERS)
    shown = sum(any(test.startswith("tests/acceptance/") for test in proven[number]) for number in NUMBERS)
    lines = [
        HEAD,
        f"{len(NUMBERS)} 条职责中，{done} 条有通过的测试证明，其中 {shown} 条由浏览器里的办理证明（acceptance）。",
    ]
    for chapter, duties in CHAPTERS.items():
        lines += ["", f"## {chapter}", "", "| 编号 | 职责 | 证明它的测试 |", "|---|---|---|"]
        for number, chinese, english in duties:
            tests = "<br>".join(_short(test) for test in proven[number]) or UNFINISHED
            lines.append(f"| {number} | {chinese}<br>*{english}* | {tests} |")
    return "\n".join(lines) + "\n"


def _short(test: str) -> str:
    file, _, name = test.partition("::")
    return (
        f"`{name.removeprefix('test_')}` ({Path(file).parent.name}/{Path(file).stem.removeprefix('test_')})"
    )


def marked() -> list[dict[str, Any]]:
    """What a whole run notes when every marked test passes, read from the tests' files."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [line for file in files for line in _marked_in(file)]


def _marked_in(file: Path) -> Iterable[dict[str, Any]]:
    module = ast.parse(file.read_text())
    of_all = [
        number
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
        for number in _numbers(node.value)
    ]
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            numbers = of_all + [number for mark in node.decorator_list for number in _numbers(mark)]
            if numbers:
                name = f"{file.relative_to(ROOT).as_posix()}::{node.name}"
                yield {"test": name, "duties": numbers, "passed": True}


def _numbers(mark: ast.expr) -> list[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.duty":
        return [ast.literal_eval(number) for number in mark.args]
    return []


def last_run() -> list[dict[str, Any]]:
    """What the last run noted. Exits with a sentence when it was not whole."""
    if not (RESULTS / "whole").exists():
        sys.exit("没有完整的测试结果，请先不带参数运行 ./test。")
    lines = [line for file in sorted(RESULTS.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def main(arguments: list[str]) -> None:
    """Write the page, or with --check hold it against the last run."""
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != page(proofs(last_run())):
            sys.exit(
                "docs/requirements.md 与测试结果不符，请运行 .venv/bin/python -m tests.duties 重新生成。"
            )
    else:
        PAGE.write_text(page(proofs(marked())))


if __name__ == "__main__":
    main(sys.argv[1:])
