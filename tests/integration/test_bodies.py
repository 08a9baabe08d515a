"""R10: who acts for a division is a table: papers, numbers and notices say its name, phone and seal."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import render_template_string
from sqlalchemy import select

from engine.casework.desk import views
from engine.casework.models import Account, Body, LogEntry, NumberedPaper
from engine.casework.organisation import bodies
from engine.casework.organisation.bodies import acts
from engine.casework.organisation.bodies.acts import Entry
from engine.casework.papers import pdf, word
from engine.casework.papers.paper import Paper
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.identification.notices import sheets
from engine.prevention.models import Notice
from tests.support.client import application, signed_in
from tests.support.template import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World


def put(world: World, username: str, entry: Entry) -> None:
    acts.put(world.session, world.official(username), entry, clock=world.clock)


def test_a_body_that_nobody_entered_is_called_after_its_division(small_world: World) -> None:
    session, today = small_world.session, small_world.today
    book = bodies.Book(session, [VILLAGE], today)
    words = book.words(VILLAGE)
    assert words["township_body"] == "车村镇人民政府" and words["county_office"] == "嵩县乡村振兴局"
    assert words["village_body"].endswith("村民委员会") and words["national_body"] == "国家局"
    assert book.contacts(VILLAGE) == []


@pytest.mark.duty("R10")
def test_a_notice_says_whom_to_call_and_stays_as_it_was_posted(world: World) -> None:
    put(world, "xiang", Entry(VILLAGE, "committee", phone="0379-6621001"))
    put(world, "xiang", Entry(TOWNSHIP, "government", phone="０３７９－６６２２００２"))
    put(world, "xian", Entry(COUNTY, "office", name="嵩县农业农村局", phone="0379-66310003", word="嵩农"))
    put(world, "xian", Entry(COUNTY, "supervision", phone="12317"))
    case = world.enter()
    world.to_notice(case)
    notice = world.session.scalars(select(Notice).where(Notice.case_id == case.id)).one()
    paper = sheets.paper_of(world.session, [(case, notice)])
    said = paper.closing[-1]
    for phone in ("0379-6621001", "车村镇人民政府 0379-6622002", "嵩县农业农村局 0379-66310003"):
        assert phone in said
    assert said.endswith("监督电话 12317。")
    assert _shown_contact(world) == "下庙村村民委员会 0379-6621001"
    hung = notice.text
    put(world, "xian", Entry(COUNTY, "office", name="嵩县乡村振兴局", phone="0379-66310009"))
    world.session.refresh(notice)
    assert notice.text == hung and "66310003" in hung, "the sheet that hangs stays as it was posted"


def _shown_contact(world: World) -> str:
    """What the form of a notice that is about to be posted is filled with."""
    other = world.enter(name="李秀英")
    for step, who in (
        ("verify", "cun"),
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
    ):
        world.finish(other, step, who)
    world.finish(other, "appraise", "cun")
    item = world.open_items(other)["post_notice"]
    view = views.task_view(world.session, world.official("cun"), item.id, world.clock.now())
    return str(view.values["contact"])


def test_a_rename_signs_earlier_days_as_they_were(small_world: World) -> None:
    world, yesterday = small_world, small_world.today
    put(world, "xian", Entry(COUNTY, "office", name="嵩县乡村振兴局"))
    world.go_to(3)
    put(world, "xian", Entry(COUNTY, "office", name="嵩县农业农村局"))
    put(world, "xian", Entry(COUNTY, "office", name="嵩县农业农村局", phone="0379-66310003"))
    on = [bodies.of(world.session, COUNTY, "office", day).name for day in (yesterday, world.today)]
    assert on == ["嵩县乡村振兴局", "嵩县农业农村局"]
    assert bodies.of(world.session, COUNTY, "office", world.today - timedelta(days=1)).name == on[0]
    rows = world.session.scalars(select(Body).where(Body.division_code == COUNTY)).all()
    assert len(rows) == 2, "a second change of one day changes that day's row"
    kinds = world.session.scalars(select(LogEntry.kind).where(LogEntry.stream.startswith("parameters:")))
    assert list(kinds) == ["province_installed", "body", "body", "body"]


def test_an_office_signs_and_numbers_its_papers_by_its_mark(small_world: World) -> None:
    world = small_world
    put(world, "xiang", Entry(TOWNSHIP, "government", word="车政防", seal="line"))
    case = world.approved()
    world.go_to(world.number + 1)
    found = world.session.scalars(select(NumberedPaper).where(NumberedPaper.kind == "announcement")).all()
    assert [one.number for one in found] == ["车政防公告〔2022〕1号"] and case.status
    with pytest.raises(Invalid) as taken:
        put(world, "waixiang", Entry("410325102000", "government", word="车政防"))
    assert list(taken.value.fields) == ["word"]


def test_a_seal_stands_where_the_table_says(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.to_notice(case)
    notice = world.session.scalars(select(Notice).where(Notice.case_id == case.id)).one()
    for seal, told in (("over", True), ("line", True), ("none", False)):
        put(world, "xiang", Entry(VILLAGE, "committee", seal=seal))
        paper = sheets.paper_of(world.session, [(case, notice)])
        assert paper.seal == seal
        page = _page(world, paper)
        assert ("盖章处" in page) is told and ('seal"' in page) is (seal == "over")
        assert word.render([paper])[:2] == b"PK" and pdf.render([paper])[:4] == b"%PDF"


def _page(world: World, paper: Paper) -> str:
    app = application(world)
    with app.test_request_context():
        text = "{% import 'desk/papers/paper.html' as p with context %}{{ p.paper(one) }}"
        return render_template_string(text, one=paper)


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("phone", Entry(TOWNSHIP, "government", phone="电话")),
        ("phone", Entry(TOWNSHIP, "government", phone="1" * 30)),
        ("name", Entry(TOWNSHIP, "government", name="镇")),
        ("word", Entry(TOWNSHIP, "government", word="车政〔2022〕1号")),
        ("seal", Entry(TOWNSHIP, "government", seal="round")),
        ("kind", Entry(TOWNSHIP, "national")),
    ],
)
def test_what_cannot_be_a_body_is_said_at_its_field(small_world: World, field: str, entry: Entry) -> None:
    with pytest.raises(Invalid) as refused:
        put(small_world, "xiang", entry)
    assert list(refused.value.fields) == [field]


def test_only_who_answers_for_a_place_enters_it(small_world: World) -> None:
    world = small_world
    for username in ("cun", "waixiang", "waixian", "anquan", "liucheng", "ducha"):
        with pytest.raises(NotAllowed):
            put(world, username, Entry(TOWNSHIP, "government", phone="12345"))
    for username in ("xiang", "xian", "shi", "sheng", "xitong"):
        put(world, username, Entry(TOWNSHIP, "government", phone="12345"))
    with pytest.raises(Conflict):
        put(world, "xiang", Entry(TOWNSHIP, "government", phone="12346", seen=acts.mark(None)))


def test_two_who_change_one_body_on_one_day_lose_nothing_silently(small_world: World) -> None:
    """The row of a day is changed in place: its number says nothing about who was faster."""
    world = small_world
    put(world, "xiang", Entry(VILLAGE, "committee", phone="12345"))
    client = signed_in(application(world), world.official("xiang"))
    page = client.get(f"/parameters/bodies?division={VILLAGE}").text
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None
    put(world, "xian", Entry(VILLAGE, "committee", phone="12316"))
    typed = {"division": VILLAGE, "of": VILLAGE, "kind": "committee", "name": "", "phone": "12317"}
    late = client.post("/parameters/bodies", data={**typed, "seal": "over", "seen": seen[1]})
    assert late.status_code == 409 and "电话现在是“12316”" in late.text and 'value="12317"' in late.text
    again = re.search(r'name="seen" value="([^"]+)"', late.text)
    assert again is not None
    stored = client.post("/parameters/bodies", data={**typed, "seal": "over", "seen": again[1]})
    assert stored.status_code == 303


def test_a_table_that_was_overtaken_is_looked_at_again(small_world: World) -> None:
    """It repeats what it leaves as it was, and would take back what somebody changed meanwhile."""
    world = small_world
    put(world, "xiang", Entry(VILLAGE, "committee", name="下庙村民委员会", phone="12345"))
    client = signed_in(application(world), world.official("xiang"))
    sent = {"division": TOWNSHIP, "table": f"区划代码\t代字\n{VILLAGE}\t嵩下"}
    page = client.post("/parameters/bodies/table", data=sent).text
    seen = re.search(r'name="seen" value="([^"]{20,})"', page)
    table = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    assert seen is not None and table is not None
    put(world, "xian", Entry(VILLAGE, "committee", name="下庙村民委员会", phone="12316"))
    store = {"division": TOWNSHIP, "table": table[1], "seen": seen[1], "act": "store"}
    late = client.post("/parameters/bodies/table", data=store)
    assert late.status_code == 409 and "有人改过" in late.text and "12316 → 12345" in late.text
    assert client.post("/parameters/bodies/table", data=sent).status_code == 200


def test_a_table_of_villages_is_looked_at_and_then_stored_whole(small_world: World) -> None:
    world = small_world
    put(world, "xiang", Entry(VILLAGE, "committee", name="下庙村民委员会", phone="0379-6621001"))
    client = signed_in(application(world), world.official("xiang"))
    table = f"区划代码\t电话\n{VILLAGE}\t13900000001\n{OTHER_VILLAGE}\t0379-6621002\n"
    sent = {"division": TOWNSHIP, "table": table}
    page = client.post("/parameters/bodies/table", data=sent).text
    assert "改 2 行" in page and "0379-6621001 → 13900000001" in page
    world.session.commit()
    assert bodies.of(world.session, VILLAGE, "committee", world.today).phone == "0379-6621001"
    assert client.post("/parameters/bodies/table", data={**sent, "act": "store"}).status_code == 303
    world.session.commit()
    world.session.expire_all()
    kept = bodies.of(world.session, VILLAGE, "committee", world.today)
    assert (kept.name, kept.phone) == ("下庙村民委员会", "13900000001"), "what the table leaves out stays"
    for wrong, sentence in (
        (f"区划代码\t电话\n{COUNTY}\t12345", "这个范围里没有这个地方"),
        (f"区划代码\t电话\n{VILLAGE}\t九九", "第 2 行：电话"),
        (f"区划代码\t电话\n{VILLAGE}\t12345\n{VILLAGE}\t12346", "写了两次"),
    ):
        answer = client.post("/parameters/bodies/table", data={**sent, "table": wrong, "act": "store"})
        assert (answer.status_code, sentence in answer.text) == (422, True), wrong
    assert client.get(f"/parameters/bodies?division={TOWNSHIP}").text.count("data-body=") > 10
    assert client.get(f"/parameters/bodies?division={COUNTY}").status_code == 403
    assert world.session.scalar(select(Account.id).limit(1))
