"""A procedure as one zip file: packed and read again, and what anybody might send instead."""

from __future__ import annotations

import warnings
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest

from engine.flow.diagram.resources import Resources, parts_of, read_resources
from engine.flow.diagram.xml import parse_xml
from engine.ground.errors import DefinitionError, Invalid
from engine.owners import bundles
from engine.prevention.installation import ROOT

BODY = (ROOT / "bpmn" / "identification.bpmn").read_bytes()
RESOURCES = read_resources(ROOT)


def zipped(*files: tuple[str, bytes], method: int = ZIP_DEFLATED) -> bytes:
    packed = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # two of the same name, on purpose
        with ZipFile(packed, "w", method) as archive:
            for name, body in files:
                archive.writestr(name, body)
    return packed.getvalue()


@pytest.mark.duty("C5")
def test_what_was_packed_is_read_again() -> None:
    used = Resources(RESOURCES.form, RESOURCES.decision, parts_of(parse_xml(BODY), RESOURCES.part))
    packed = bundles.pack("identification", BODY, used)
    found = bundles.unpack(packed)
    assert bundles.is_zip(packed) and found.diagram == BODY and found.resources == used


def test_what_desktops_add_does_not_matter() -> None:
    found = bundles.unpack(
        zipped(
            ("bpmn/", b""), ("bpmn/x.bpmn", BODY), ("__MACOSX/bpmn/._x.bpmn", b"?"), ("bpmn/.DS_Store", b"?")
        )
    )
    assert found == bundles.Bundle(BODY)


ONE = ("bpmn/identification.bpmn", BODY)
OTHER = (ROOT / "bpmn" / "assistance.bpmn").read_bytes()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "不是完整的 zip"),
        (b"PK\x03\x04" + b"\x00" * 200, "不是完整的 zip"),
        (zipped(ONE)[:-40], "不是完整的 zip"),
        (zipped(ONE).replace(BODY[:0] + b"bpmn/identification", b"bpmn/identificatioX", 1), "不是完整的 zip"),
        (b"PK\x03\x04" + b"\x00" * 3_000_001, "压缩文件过大"),
        (zipped(), "没有流程图"),
        (zipped(("forms_json/a.json", b"{}")), "没有流程图"),
        (zipped(ONE, ("../evil.bpmn", b"x")), "“../evil.bpmn”不知道是什么"),
        (zipped(ONE, ("/etc/passwd", b"x")), "“/etc/passwd”不知道是什么"),
        (zipped(ONE, ("forms_json/../../a.json", b"x")), "不知道是什么"),
        (zipped(ONE, ("forms_json/sub/a.json", b"x")), "不知道是什么"),
        (zipped(ONE, ("forms_json\\a.json", b"x")), "不知道是什么"),
        (zipped(ONE, ("forms_json/表.json", b"x")), "不知道是什么"),
        (zipped(ONE, ("forms_json/a\u202ejson.exe", b"x")), "不知道是什么"),
        (zipped(ONE, ("forms_json/" + "a" * 81 + ".json", b"x")), "不知道是什么"),
        (zipped(ONE, ("forms_json/a.json", b"1"), ("forms_json/a.json", b"2")), "两个“forms_json/a.json”"),
        (zipped(ONE, *((f"forms_json/a{n}.json", b"{}") for n in range(300))), "有 301 个文件"),
        (zipped(ONE, ("forms_json/a.json", b" " * 10_000_001)), "解开后过大"),
        (zipped(ONE, *((f"forms_json/a{n}.json", b" " * 200_000) for n in range(60))), "解开后过大"),
        (zipped(ONE, method=ZIP_LZMA), "不支持的压缩方法"),
        (zipped(ONE, ("bpmn/assistance.bpmn", OTHER)), "几个互不调用的流程"),
        (zipped(ONE, ("bpmn/again.bpmn", BODY)), "几个互不调用的流程"),
    ],
)
def test_a_hostile_or_strange_file_is_refused_in_a_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        bundles.unpack(body)


def test_a_locked_file_is_refused() -> None:
    body = bytearray(zipped(ONE, method=ZIP_STORED))
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Invalid, match="加了密码"):
        bundles.unpack(bytes(body))


def test_a_bomb_that_says_it_is_small_is_not_unpacked_whole() -> None:
    body = bytearray(zipped(ONE, ("forms_json/a.json", b" " * 50_000_000)))
    where = body.rindex(b"PK\x01\x02") + 24  # the size in the directory
    body[where : where + 4] = (100).to_bytes(4, "little")
    with pytest.raises(Invalid):
        bundles.unpack(bytes(body))


def test_a_broken_diagram_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"bpmn/part\.bpmn：文件不是完整的 XML"):
        bundles.unpack(zipped(ONE, ("bpmn/part.bpmn", b"<x")))
