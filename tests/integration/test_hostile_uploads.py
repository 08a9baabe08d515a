"""Broken and hostile uploads through the API and the pages: refused with the reason,
nothing put into force (S18).
"""

from __future__ import annotations

import io
import json
import re
import time
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.casework.definitions.deployment import deploy
from engine.casework.models import ProcedureVersion
from engine.flow.diagram.resources import read_resources
from engine.ground.errors import DefinitionError
from engine.prevention.installation import ROOT
from tests.support.client import Caller, application, signed_in
from tests.support.small import END, NOW, START, flow, process, task
from tests.support.world import World
from tests.unit.test_hostile import blocks, chain

NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_text()
BROKEN = [
    (r"<bpmn:endEvent .*?</bpmn:endEvent>", "", 9, "", "没有结束事件"),
    (
        r"<bpmn:sequenceFlow "
        r'id="flow_notice_waits__notice_over"[^>]*/>|'
        r"<bpmn:outgoing>flow_notice_waits__notice_over</bpmn:outgoing>",
        "",
        9,
        "notice_over",
        "没有入口",
    ),
    (r'Operator id="notice.open"', 'Operator id="os.system"', 1, "open_notice", "服务“os.system”不存在"),
    (
        r"(<bpmn:conditionExpression[^>]*>)[^<]*objection_record.outcome[^<]*",
        r'\1open("/etc/passwd").read()',
        1,
        "flow_objection_decided__notice_changed",
        "写得不对",
    ),
]


def count(world: World) -> int:
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(ProcedureVersion)) or 0


@pytest.mark.parametrize(("pattern", "replacement", "times", "element", "sentence"), BROKEN)
@pytest.mark.duty("C5")
def test_s18_a_broken_diagram_is_refused_by_element_and_nothing_is_deployed(
    small_world: World, pattern: str, replacement: str, times: int, element: str, sentence: str
) -> None:
    body = re.sub(pattern, replacement, NOTICE, count=times, flags=re.S)
    assert body != NOTICE
    before = count(small_world)
    with small_world.sessions() as session, pytest.raises(DefinitionError) as refused:
        deploy(session, None, body.encode(), read_resources(ROOT), "试试", NOW)
    found = refused.value.findings
    assert any(sentence in f.message and (f.element_id == element or not element) for f in found), found
    answer = Caller(application(small_world), small_world, "liucheng").post(
        "/procedures/public_notice/versions", {"xml": body, "note": "试试"}
    )
    assert answer.status_code == 422
    shown = answer.json["findings"]
    assert any(sentence in f["message"] and (f["element_id"] == element or not element) for f in shown), shown
    assert count(small_world) == before


def hostile() -> dict[str, Any]:
    endless = process(
        START,
        task("a"),
        '<bpmn:exclusiveGateway id="g" default="g_e"/>',
        END,
        flow("s", "a"),
        flow("a", "g"),
        flow("g", "g", "a.x = 1"),
        flow("g", "e"),
    )
    return {
        "entities": {"xml": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'},
        "elements": {"xml": chain(5_000)},
        "blocks": {"xml": blocks(20, 6)},
        "endless": {"xml": endless},
        "form": {"xml": chain(1), "forms": {"f": {"components": [{"type": "group", "components": "x"}]}}},
        "decision": {"xml": chain(1), "decisions": {"category": "<a/>" * 100_000}},
    }


@pytest.mark.parametrize("kind", hostile())
@pytest.mark.duty("C5")
def test_a_hostile_upload_is_answered_in_time_with_a_sentence(small_world: World, kind: str) -> None:
    owner = Caller(application(small_world), small_world, "liucheng")
    began = time.perf_counter()
    answer = owner.post("/procedures/check", hostile()[kind])
    assert answer.status_code == 200 and time.perf_counter() - began < 20
    assert not answer.json["ok"] and all(f["message"].endswith("。") for f in answer.json["findings"])
    refused = owner.post("/procedures/evil/versions", {**hostile()[kind], "note": "x"})
    assert refused.status_code == 422 and refused.json["findings"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"xml": ' + b'{"a": ' * 50_000,
        b'{"xml": "' + b"x" * 60_000_000 + b'"}',
        b'{"xml": "\\ud800"}',
        b"null",
        b"\xff",
    ],
)
def test_what_is_no_request_is_no_fault_of_the_server(small_world: World, body: bytes) -> None:
    owner = Caller(application(small_world), small_world, "liucheng")
    for path in ("/procedures/check", "/procedures/public_notice/versions"):
        answer = owner.client.post(
            f"/api/v1{path}", data=body, headers=owner.headers, content_type="application/json"
        )
        assert answer.status_code < 500, answer.text
        assert re.search("[\u4e00-\u9fff]", json.dumps(answer.json, ensure_ascii=False)), answer.text


@pytest.mark.parametrize("size", [3_000_000, 60_000_000])
def test_a_file_that_is_too_large_is_refused_as_a_draft(small_world: World, size: int) -> None:
    owner = signed_in(application(small_world), small_world.official("liucheng"))
    answer = owner.post(
        "/drafts",
        data={"name": "大", "source": "file", "file": (io.BytesIO(b" " * size), "big.bpmn")},
        content_type="multipart/form-data",
    )
    assert answer.status_code in (413, 422) and "过大" in answer.text
