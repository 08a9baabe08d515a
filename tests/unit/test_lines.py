"""Every line that a release has stored is read, and would be written as it was, to the byte."""

from __future__ import annotations

import json
import lzma
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from engine.casework import audit
from engine.flow.history import lines
from engine.flow.machine.record import Record
from engine.ground.tables import to_json
from tests.support import states
from tests.support.small import NOW

RELEASE = Path(__file__).parent.parent / "fixtures" / "releases" / "0.1.0.sqlite.xz"

OF_EACH_KIND = {
    "start": '{"variables":{"x":1},"version":2,"from":7,"opened":[["a","t1"]],'
    '"limits":[["l","2022-06-06T00:00:00+08:00"]]}',
    "complete": '{"item":1,"submission":2,"name":"核实","outcome":"建议'
    '","reason":"早'
    '","token":"t","services":[["e","t","s",{"a":1}]],'
    '"decisions":[["e","d",null]],"ends":["x"],"told":[["e","没有值。"]],"opened":[["a","t1"]]}',
    "message": '{"payload":{},"facts":{"a":1},"submission":3,"late":true,"caught":["t"]}',
    "timer": '{"token":"t","due":"2022-05-30T00:00:00+08:00"}',
    "move": '{"elements":{"a":"b"},"passed":["c"],"tokens":{},"passes":[[3,"c"]],"dropped":{},'
    '"version":2,"from":1,"act":9,'
    '"corrections":["改"]}',
    "return": '{"item":1,"name":"审批","token":"t","to":"审核","reason":"材料不全","undone":[3,4],"known":[5]}',
    "withdraw": '{"item":1,"name":"审批","token":"t","undone":[3]}',
    "unpassed": '{"item":0,"name":"满15天","token":"t","reason":"线索有误","undone":[3,4]}',
    "begun": '{"opened":[["a","t1"]]}',
    "recount": '{"year":2028,"days":[["2027-12-28",5,"2028-01-06"]]}',
    "warning": '{"token":"t","due":"2022-05-30T00:00:00+08:00"}',
    "repeat": '{"token":"t","days":3}',
    "measure": '{"measure":1,"name":"养殖","outcome":"完成"}',
    "reminder": '{"name":"养殖","due":"2022-05-30T00:00:00+08:00"}',
    "claim": '{"item":1,"name":"核实","to":4}',
    "release": '{"item":1,"name":"核实","to":null}',
    "reassign": '{"item":1,"name":"核实","to":4}',
    "urge": '{"item":1,"name":"核实","reason":"快","times":2}',
    "order": '{"order":1,"name":"核实","reason":"快"}',
    "order_answered": '{"order":1,"promised_on":"2022-05-30","reason":"忙"}',
    "order_returned": '{"order":1,"reason":"不实"}',
    "order_accepted": '{"order":1,"reason":""}',
    "promise": '{"order":1,"name":"核实","promised_on":"2022-05-30"}',
    "cancel": '{"correction":1,"reason":"误","name":"线索有误"}',
    "hand_over": '{"from":"410","to":"411","reason":"搬家","name":"某县"}',
}
"""As the first release wrote them."""


def as_first_written(line: lines.Line) -> str:
    """The line as its first version would have been written: with the keys that it had then."""
    longer = {short: key for key, short in lines.KEYS.items()}
    longer |= {lines.KEYS["sent"]: "submission", lines.KEYS["via"]: "flows"}
    written = {longer.get(key, key): value for key, value in line.to_json().items() if key != "v"}
    return to_json(written)


def test_there_is_one_of_each_kind() -> None:
    assert OF_EACH_KIND.keys() == lines.KINDS.keys()


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_a_line_of_the_first_release_is_read_whole(kind: str) -> None:
    stored = OF_EACH_KIND[kind]
    line = lines.read(kind, json.loads(stored))
    assert line.to_json().get("v", 1) == line.VERSION
    assert as_first_written(line) == stored
    if line.VERSION == 1:
        assert lines.read(kind, line.to_json()) == line


@pytest.mark.duty("C5")
def test_every_line_of_a_kept_database_is_read_whole() -> None:
    memory = sqlite3.connect(":memory:")
    memory.deserialize(lzma.decompress(RELEASE.read_bytes()))
    rows = memory.execute("SELECT kind, data FROM log_entry WHERE stream LIKE 'case:%'").fetchall()
    assert len(rows) > 1000
    for kind, data in rows:
        assert as_first_written(lines.read(kind, json.loads(data))) == data


def test_every_line_of_a_kept_history_is_read_whole() -> None:
    for path in states.FOLDER.glob("*.json.z"):
        for kept in states.read(path):
            for stored in kept.inputs:
                written = json.loads(as_first_written(lines.read(stored["kind"], stored["data"])))
                assert {**stored["data"], **written} == {**written, **stored["data"]} or stored["data"].get(
                    "caught"
                ) == []


@pytest.mark.parametrize(("kind", "data"), [("teleport", {}), ("timer", {"v": 99, "token": "t"})])
def test_what_a_later_release_wrote_is_not_guessed_at(kind: str, data: dict[str, object]) -> None:
    with pytest.raises(lines.UnknownLine, match="更新的版本"):
        lines.read(kind, data)


def test_a_line_of_the_present_version_is_read_as_it_was_written() -> None:
    choice = lines.Choice("flows", "gateway", ["f1"])
    told = [
        lines.Completed(
            item=1,
            submission=2,
            name="核实",
            token="t",
            flows=[["f1"], ["f2", "f3"]],
            repeats=[("r", ["甲", "乙"])],
            sets=[("e", {"x": 1})],
            opened=[lines.Opened("a", "t1")],
        ),
        lines.Returned(
            item=1,
            name="审批",
            token="t",
            to="审核",
            reason="材料不全",
            undone=[3],
            anew=[lines.Anew(4, choice)],
        ),
        lines.Moved(anew=[lines.Anew(4, choice)], passes=[(4, "x")]),
    ]
    for line in told:
        again = lines.read(line.KIND, json.loads(to_json(line.to_json())))
        assert to_json(again.to_json()) == to_json(line.to_json())
    assert '"w":"f1 f2+f3"' in to_json(told[0].to_json())


HASH = "67b4025aa955d2610656c50b6ad4fb9ade57fa95e89ae459dcf725f2310d1edb"
SECOND = (
    '{"v":2,"item":27,"submission":27,"name":"民主评议","sha":"s","files":[[10,"%s"]],"token":"t",'
    '"services":[["e","1343b3353594ca01","s",{"a":1}]],"flows":["f1",["f2","f3"]],'
    '"sets":[["n",{"x":"甲"}]]}'
)


def test_a_line_of_the_second_version_says_the_same_in_fewer_bytes() -> None:
    stored = SECOND % HASH
    line = lines.read("complete", json.loads(stored))
    assert isinstance(line, lines.Completed)
    assert line.flows == (("f1",), ("f2", "f3")) and line.files == ((10, HASH),)
    assert line.services[0].is_of("1343b3353594ca01") and not line.services[0].is_of("1343b3353594ca02")
    written = to_json(line.to_json())
    again = lines.read("complete", json.loads(written))
    assert len(written) < len(stored) and again == replace(line, files=((10, HASH[:48]),))


THIRD = (
    '{"v":3,"item":27,"submission":27,"name":"民主评议","sha":"kG806a6O62lJOEChhwUAx5o8uu6FlPhU7Oib9GkUyEI",'
    '"files":[[10,"Z7QCWqlV0mEGVsULatT7mt5X+pXomuRZ3Pcl8jENHts"]],"token":"t",'
    '"flows":"flow_opinion_given__sign flow_a+Flow_1b7x0 other"}'
)


def test_a_line_of_the_third_version_says_the_same_in_fewer_bytes() -> None:
    line = lines.read("complete", json.loads(THIRD))
    assert isinstance(line, lines.Completed) and line.submission == 27
    assert line.flows == (("flow_opinion_given__sign",), ("flow_a", "Flow_1b7x0"), ("other",))
    assert line.files == ((10, HASH),) and line.sha.endswith("EI"), (
        "what is stored loses nothing when it is read"
    )
    written = to_json(line.to_json())
    assert '"w":"~opinion_given__sign ~a+^1b7x0 other"' in written and '"f":27' in written
    again = lines.read("complete", json.loads(written))
    assert again == replace(line, files=((10, HASH[:48]),))
    assert len(written) <= len(THIRD) - 41


FOURTH = (
    '{"v":4,"item":110,"sent":101,"name":"签订承诺授权书","outcome":"已签订","sha":"%s",'
    '"token":"1cbc863e5cd478c0","services":[["find","cf5cde88","matching.find",{"reusable":false}]],'
    '"opened":[["appraise","01183560aeba2edc"]]}'
) % ("x" * 32)


def test_a_line_of_the_fourth_version_says_the_same_in_fewer_bytes() -> None:
    line = lines.read("complete", json.loads(FOURTH))
    assert isinstance(line, lines.Completed) and (line.item, line.submission) == (110, 101)
    assert line.token == "1cbc863e5cd478c0" and line.opened == (lines.Opened("appraise", "01183560aeba2edc"),)
    assert line.services == (lines.Answer("find", "cf5cde88", "matching.find", {"reusable": False}),)
    fewer = replace(line, name="", services=[line.services[0]._replace(token="")])
    fewer = replace(fewer, token="1cbc863e", opened=(lines.Opened("appraise", "01183560"),))
    written = to_json(fewer.to_json())
    assert '"s":[["find","matching.find",{"reusable":false}]]' in written and len(written) <= len(FOURTH) - 74
    again = lines.read("complete", json.loads(written))
    assert isinstance(again, lines.Completed)
    assert again == replace(fewer, services=again.services) and again.services == (
        lines.Answer("find", "", "matching.find", {"reusable": False}),
    )


def test_only_calls_of_one_element_in_one_line_have_tokens() -> None:
    called = [("a", "1" * 16, "s", 1), ("b", "2" * 16, "s", 2), ("a", "3" * 16, "s", 3)]
    line = Record("complete", NOW, "x", "4" * 16, services=called).noted(lines.Fired)
    assert [one.token for one in line.services] == ["1" * 8, "", "3" * 8]
    again = lines.read("timer", json.loads(to_json(line.to_json())))
    assert isinstance(again, lines.Fired) and list(again.services) == list(line.services)


def test_what_was_sent_is_known_by_the_hashes_of_every_version() -> None:
    said = {"x": "甲", "n": 1}
    short = audit.digest(said)
    whole = audit._whole_digest(said)
    assert len(short) == 32 and len(whole) == 43
    assert audit.is_of(short, said) and audit.is_of(whole, said)
    assert (
        not audit.is_of(short[:31], said)
        and not audit.is_of("", said)
        and not audit.is_of(short, {"x": "乙"})
    )


def test_what_was_sent_has_the_same_hash_as_what_the_database_gives_back() -> None:
    said = {"b": (1, 2.50, "乙"), "a": [{"z": None, "y": True}, {}], "ab": 'x\u2028"', "": -0.0}
    again = json.loads(to_json(said))
    assert list(again) == list(said) and audit.digest(said) == audit.digest(again)
    assert (
        audit.digest(dict(sorted(said.items()))) == audit.digest(said) == "smV2nphO2bH2glAv06MJm0xvFAd2xyus"
    )


def test_flows_whose_ids_have_signs_of_their_own_are_told_apart() -> None:
    for flows in ((("a b",), ("c+d", "e"), ("f",)), (("~a",), ("flow_a",)), (("^",), ("Flow_", "flow_"))):
        line = lines.Fired(flows=flows)
        again = lines.read("timer", json.loads(to_json(line.to_json())))
        assert isinstance(again, lines.Fired) and again.flows == flows


def test_a_call_is_known_by_the_first_digits_of_its_token() -> None:
    answer = lines.Answer("e", "1343b335", "s", None)
    assert answer.is_of("1343b3353594ca01") and not answer.is_of("1343b3363594ca01")
    assert not lines.Answer("e", "", "s", None).is_of("1343b3353594ca01")
