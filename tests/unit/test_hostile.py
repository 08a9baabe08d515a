"""Hostile and broken input: refused with the reason, never an exception, never a hang,
within bounded time and memory.
"""

from __future__ import annotations

import itertools
import json
import random
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lxml import etree

from engine.flow.check import check
from engine.flow.decisions import parse_model
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.feel import FeelLimitError, FeelSyntaxError, compile_expression, one_purse
from engine.flow.forms.reading import read_schema
from engine.ground.errors import Finding
from engine.prevention.installation import ROOT
from tests.support.small import END, FORMS, START, asked, flow, process, task

SECONDS = 15
"""A check takes 6 s of the processor at most; the rest is for machines with a slower one."""
RESOURCES = read_resources(ROOT)
DIAGRAMS = {path.stem: path.read_bytes() for path in sorted((ROOT / "bpmn").glob("*.bpmn"))}
DMN = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'


@contextmanager
def bounded(seconds: float = SECONDS) -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


def findings(body: str | bytes, resources: Resources = FORMS) -> list[Finding]:
    definition, found = check(body if isinstance(body, bytes) else body.encode(), resources)
    assert (definition is None) == any(f.severity == "error" for f in found)
    return found


def chain(length: int) -> str:
    names = ["s", *(f"t{number}" for number in range(length)), "e"]
    steps = "".join(task(name) for name in names[1:-1])
    return process(START, steps, END, *(flow(a, b) for a, b in itertools.pairwise(names)))


def blocks(width: int, count: int, kind: str = "parallelGateway") -> str:
    parts, at = [START, END], "s"
    for block in range(count):
        default = f' default="split{block}_t{block}_0"' if kind == "inclusiveGateway" else ""
        parts += [
            f'<bpmn:{kind} id="split{block}"{default}/>',
            f'<bpmn:{kind} id="join{block}"/>',
            flow(at, f"split{block}"),
        ]
        for branch in range(width):
            name = f"t{block}_{branch}"
            condition = "wanted" if default and branch else ""
            parts += [task(name), flow(f"split{block}", name, condition), flow(name, f"join{block}")]
        at = f"join{block}"
    return process(*parts, flow(at, "e"))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>', "DOCTYPE"),
        (b'<!DOCTYPE d SYSTEM "http://127.0.0.1:1/evil.dtd"><d/>', "DOCTYPE"),
        (
            b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(
                b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in range(ord("b"), ord("k"))
            )
            + b"]><l>&j;</l>",
            "。",
        ),
        (b" " * 50_000_000, "文件过大"),
        (b"<a>" * 100_000, "不是完整的 XML"),
        (b"\x00\xff\xfe\x01", "不是完整的 XML"),
        (b"", "不是完整的 XML"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "不是完整的 XML"),
        (b'<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "没有画出流程"),
    ],
)
@pytest.mark.duty("C5")
def test_a_file_that_is_no_diagram_or_an_attack_gets_a_sentence(body: bytes, sentence: str) -> None:
    with bounded(5):
        found = findings(body)
    assert len(found) == 1 and sentence in found[0].message and found[0].message.endswith("。")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (chain(10_000), "文件过大"),
        (chain(1_200), "最多 300 个元素"),
        (blocks(10, 4), "并行分支一处接一处"),
        (blocks(2, 12), "并行分支一处接一处"),
        (blocks(10, 4, "inclusiveGateway"), "没有全部试完"),
    ],
)
@pytest.mark.duty("C5")
def test_more_than_the_engine_can_carry_is_refused_or_said(body: str, sentence: str) -> None:
    tracemalloc.start()
    with bounded():
        found = findings(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert any(sentence in f.message for f in found), found
    assert peak < 300_000_000


def test_a_long_procedure_within_the_limits_is_sound() -> None:
    with bounded():
        assert findings(chain(200)) == []


@pytest.mark.parametrize(
    ("identifier", "sentence"),
    [
        ("a\u200bb", "看不见的字符"),
        ("a b", "看不见的字符"),
        ("", "没有编号"),
        ("x" * 5000, "编号过长"),
        ("a\u202eb", "看不见的字符"),
    ],
)
def test_ids_that_mislead_are_refused(identifier: str, sentence: str) -> None:
    body = process(
        START,
        task("a").replace('id="a"', f'id="{identifier}"'),
        END,
        flow("s", identifier),
        flow(identifier, "e"),
    )
    assert any(sentence in f.message for f in findings(body))


@pytest.mark.parametrize(
    "name",
    [
        "مراجعة",
        "👨‍👩‍👧 家庭核查",
        "ＦＵＬＬ　ｗｉｄｔｈ",
        "Überprüfung &#10; zwei",
        "入户核实（第一次）",
        "𠮷野",
    ],
)
def test_names_in_any_script_are_names(name: str) -> None:
    body = process(
        START,
        task("步骤一").replace('name="步骤一"', f'name="{name}"'),
        END,
        flow("s", "步骤一"),
        flow("步骤一", "e"),
    )
    assert findings(body) == []


def test_a_name_that_reads_otherwise_than_it_is_is_refused() -> None:
    body = process(
        START, task("a").replace('name="a"', 'name="批准\u202e绝拒"'), END, flow("s", "a"), flow("a", "e")
    )
    assert [f.element_id for f in findings(body)] == ["a"]


def test_an_id_that_means_two_things_is_named() -> None:
    body = process(START, task("a"), task("a"), END, flow("s", "a"), flow("a", "e"))
    assert [(f.element_id, "重复出现了 2 次" in f.message) for f in findings(body)] == [("a", True)]


def test_calls_in_a_circle_are_refused() -> None:
    inner = (
        '</bpmn:process><bpmn:process id="q" isExecutable="true"><bpmn:startEvent id="qs"/>'
        '<bpmn:callActivity id="c2" calledElement="q"/>'
        f'<bpmn:endEvent id="qe"/>{flow("qs", "c2")}{flow("c2", "qe")}'
    )
    body = process(
        START, '<bpmn:callActivity id="c1" calledElement="q"/>', END, flow("s", "c1"), flow("c1", "e"), inner
    )
    assert any("互相调用" in f.message for f in findings(body))


def test_a_loop_without_a_wait_is_refused() -> None:
    body = process(
        START,
        task("a"),
        '<bpmn:exclusiveGateway id="g" default="g_e"/>',
        '<bpmn:exclusiveGateway id="h"/>',
        END,
        flow("s", "a"),
        flow("a", "h"),
        flow("h", "g"),
        flow("g", "h", "a.x = 1"),
        flow("g", "e"),
    )
    assert any("没有任何等待" in f.message for f in findings(body))


@pytest.mark.parametrize(
    "text",
    [
        'open("/etc/passwd").read()',
        "__import__('os').system('id')",
        "().__class__.__mro__[1]",
        "exec('x')",
        "lambda: 1",
        "a" + ".b" * 900,
        "1" + "+1" * 900,
        "(" * 900 + "1" + ")" * 900,
        "a in (" * 50 + "x y" + ")" * 50,
        "9" * 3000,
    ],
)
@pytest.mark.duty("C5")
def test_a_condition_that_is_not_feel_or_too_deep_is_refused_at_its_flow(text: str) -> None:
    body = asked(text)
    with bounded():
        assert "g_b" in {f.element_id for f in findings(body) if f.severity == "error"}


GREEDY = [
    "some a in 1..100000, b in 1..100000 satisfies a + b < 0",
    "for a in 1..9000 return for b in 1..9000 return a * b",
    "for a in 1..99999999999999999999 return a",
    "9**9**9**9",
    "(((9**9999)**9999)**9999)",
    "10**6000 * 10**6000",
    "{a:[1,1,1,1,1,1,1,1,1,1], b:[a,a,a,a,a,a,a,a,a,a], c:[b,b,b,b,b,b,b,b,b,b], d:[c,c,c,c,c,c,c,c,c,c], "
    "e:[d,d,d,d,d,d,d,d,d,d], f:(e=e)}",
    "{a: for i in 1..9999 return i, b: concatenate(a,a,a,a,a,a,a,a), c: concatenate(b,b,b,b,b,b,b,b,b)}",
    "{g: for i in 1..9000 return i, r: for i in 1..9000 return g = g}",
    "distinct values(for i in 1..9999 return i)",
    "union(for i in 1..9999 return i, for i in 1..9999 return i)",
    "for i in 1..500 return partial",
    "{f: function(x) f(x - 1) + f(x - 1), y: f(1)}",
    "{f: function(x) " + "1 + (" * 50 + "f(x)" + ")" * 50 + ", y: f(1)}",
    'matches("' + "a" * 60 + '!", "(a|a)*$")',
    'matches("' + "a" * 60 + '!", "((a+)b?)+$")',
    'matches("' + "a" * 60 + '", "' + "a?" * 60 + "a" * 60 + '")',
    'matches(string join(for i in 1..1000 return "a", ""), "a*a*a*a*a*a*b")',
    '{a:"xxxxxxxxxx", b:a+a+a+a+a+a+a+a+a+a, c:b+b+b+b+b+b+b+b+b+b, d:c+c+c+c+c+c+c+c+c+c, '
    "e:d+d+d+d+d+d+d+d+d+d, f:e+e+e+e+e+e+e+e+e+e}",
]


@pytest.mark.parametrize("text", GREEDY)
@pytest.mark.duty("C5")
def test_an_expression_that_eats_memory_or_time_is_stopped(text: str) -> None:
    tracemalloc.start()
    try:
        with bounded(10):
            compile_expression(text).evaluate({})
    except (FeelLimitError, FeelSyntaxError) as error:
        assert error.message.endswith("。")
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 100_000_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"components": ' + b'[{"type":"group","components":' * 5_000,
        b" " * 50_000_000,
        b'{"components": [], "components": []}',
        b'{"components": [{"type": "number", "key": "a", "validate": {"min": NaN}}]}',
        b'{"components": [{"type": "group", "components": [1, null]}]}',
        b'{"components": [{"type": ["x"]}]}',
        b'{"components": {}}',
        b"[]",
        b"null",
        b"",
        b"\xff\xfe",
        b'{"components": [{"type": "textfield", "key": {"a": 1}}]}',
        b'{"components": [{"type": "textfield", "key": "a", "validate": {"pattern": "(a|aa)+$"}}]}',
        b'{"components": [{"type": "textfield", "key": "a", "conditional": {"hide": "='
        + b"(" * 900
        + b'"}}]}',
        b'{"components": [{"type": "select", "key": "a", "values": [{"label": "x"}]}]}',
        b'{"components": ['
        + b",".join(b'{"type": "textfield", "key": "k%d", "label": "k"}' % n for n in range(5_000))
        + b"]}",
    ],
)
def test_a_hostile_form_gets_a_sentence(body: bytes) -> None:
    with bounded(5):
        _, found = read_schema(body)
        problems = findings(
            process(START, task("a"), END, flow("s", "a"), flow("a", "e")), Resources({"f": body})
        )
    assert found and all(f.message.endswith("。") for f in found)
    assert any("表单“f”" in f.message for f in problems)


def decision(inside: str) -> bytes:
    return f"{DMN}{inside}</definitions>".encode()


@pytest.mark.parametrize(
    "body",
    [
        b" " * 50_000_000,
        b"<a>" * 100_000,
        b"",
        b"<a/>",
        decision(""),
        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>',
        decision('<decision id="a"/>'),
        decision('<decision id="a"><decisionTable id="t"/></decision>'),
        decision(
            '<decision id="a"><decisionTable id="t" hitPolicy="NONSENSE"><output id="o" name="o"/>'
            "</decisionTable></decision>"
        ),
        decision(
            '<decision id="a"><decisionTable id="t"><input id="i"/><output id="o" name="o"/>'
            "</decisionTable></decision>"
        ),
        decision(
            '<decision id="a"><literalExpression><text>'
            + "(" * 900
            + "</text></literalExpression></decision>"
        ),
        decision(
            "".join(
                f'<decision id="d{n}" name="d{n}"><informationRequirement><requiredDecision '
                f'href="#d{n + 1}"/></informationRequirement>'
                f'<informationRequirement><requiredDecision href="#d{n + 1}"/></informationRequirement>'
                "<literalExpression><text>1</text></literalExpression></decision>"
                for n in range(40)
            )
        ),
        decision(
            '<decision id="a" name="a"><informationRequirement><requiredDecision href="#a"/>'
            "</informationRequirement>"
            "<literalExpression><text>1</text></literalExpression></decision>"
        ),
        decision(
            '<businessKnowledgeModel id="k" name="k"/><decision id="a"><literalExpression><text>1</text>'
            "</literalExpression></decision>"
        ),
        decision(
            '<decision id="a"><decisionTable id="t"><output id="o" name="o"/>'
            + "<rule/>" * 60_000
            + "</decisionTable></decision>"
        ),
    ],
)
def test_a_hostile_decision_gets_a_sentence(body: bytes) -> None:
    rule = (
        '<bpmn:businessRuleTask id="r"><bpmn:extensionElements>'
        "<spiffworkflow:calledDecisionId>x</spiffworkflow:calledDecisionId></bpmn:extensionElements>"
        "</bpmn:businessRuleTask>"
    )
    with bounded(10):
        found = findings(
            process(START, rule, END, flow("s", "r"), flow("r", "e")), Resources(decision={"x": body})
        )
    assert any(f.element_id == "r" and "决策" in f.message for f in found)


@pytest.mark.parametrize("beside", ["null", '"a"', "1", "[1]"])
@pytest.mark.parametrize("operator", ["=", "!="])
def test_a_comparison_beside_a_constant_costs_what_it_does_beside_a_name(operator: str, beside: str) -> None:
    context = {"rows": list(range(60)), "text": "x" * 5000, "same": None if beside == "null" else beside}
    for name in ("rows", "text"):
        for text in (f"{name} {operator} {beside}", f"{name} {operator} same"):
            with one_purse(20), pytest.raises(FeelLimitError):
                compile_expression(text).evaluate(context)


def test_knowledge_that_calls_knowledge_shares_one_purse() -> None:
    pieces = "".join(
        f'<businessKnowledgeModel id="k{n}" name="k{n}"><encapsulatedLogic><formalParameter name="x"/>'
        "<literalExpression>"
        f"<text>{'x' if n == 4 else f'sum(for i in 1..200 return k{n + 1}(i))'}</text></literalExpression>"
        "</encapsulatedLogic>"
        + (
            f'<knowledgeRequirement><requiredKnowledge href="#k{n + 1}"/></knowledgeRequirement>'
            if n < 4
            else ""
        )
        + "</businessKnowledgeModel>"
        for n in range(5)
    )
    top = (
        '<decision id="a" name="a"><knowledgeRequirement><requiredKnowledge href="#k0"/>'
        "</knowledgeRequirement>"
        "<literalExpression><text>k0(1)</text></literalExpression></decision>"
    )
    found = parse_model(decision(pieces + top))[-1]
    with bounded(10), pytest.raises(FeelLimitError):
        found.evaluate({})


# -- mutation --------------------------------------------------------------------------------------


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The diagram with some elements deleted, doubled, moved, rewired or renamed,
    as a mistaken hand or tool would.
    """
    root = etree.fromstring(body)
    for _ in range(chance.randint(1, 6)):
        nodes = [
            node
            for node in root.iter("{*}*")
            if node.getparent() is not None and "BPMNDiagram" not in node.tag
        ]
        node, other = chance.choice(nodes), chance.choice(nodes)
        parent = node.getparent()
        act = chance.randrange(6)
        if act == 0:
            parent.remove(node)
        elif act == 1:
            parent.append(etree.fromstring(etree.tostring(node)))
        elif act == 2 and node.attrib:
            name = chance.choice(sorted(node.attrib))
            node.set(
                name,
                chance.choice(
                    ["", other.get("id") or "x", "true", "false", "💥", "P5D", node.get(name)[::-1]]
                ),
            )
        elif act == 3 and node.get("sourceRef"):
            node.set(chance.choice(["sourceRef", "targetRef"]), other.get("id") or "")
        elif act == 4:
            node.text = chance.choice(["", "P5D", "1 > 2", "x.y", other.text or "", "((("])
        elif act == 5:
            node.tag = other.tag
    return etree.tostring(root)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.duty("C5")
def test_a_mutated_diagram_gets_findings_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        body = mutated(DIAGRAMS[chance.choice(sorted(DIAGRAMS))], chance)
        with bounded():
            found = findings(body, RESOURCES)
        assert all(isinstance(f, Finding) and f.message for f in found)


@pytest.mark.parametrize("seed", range(2))
def test_a_mutated_form_or_decision_gets_findings_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        key = chance.choice(sorted(RESOURCES.form))
        schema = json.loads(RESOURCES.form[key])
        component = chance.choice(schema["components"])
        component[chance.choice([*component, "components", "validate"])] = chance.choice(
            [None, 1, "x", [], {}, [1], {"a": []}, True]
        )
        table = chance.choice(sorted(RESOURCES.decision))
        changed = Resources(
            {key: json.dumps(schema).encode()}, {table: mutated(RESOURCES.decision[table], chance)}
        )
        with bounded():
            findings(DIAGRAMS[chance.choice(sorted(DIAGRAMS))], RESOURCES | changed)
