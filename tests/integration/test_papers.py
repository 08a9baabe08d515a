"""Official papers: who stands on them, their numbers, who may issue and read them, what they never show."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from engine.casework import acts
from engine.casework.audit import verification
from engine.casework.models import LogEntry, LogStream, NumberedPaper, PaperEntry, WorkItem
from engine.casework.papers import drafts, numbers, register
from engine.casework.papers.contents import Terms
from engine.casework.papers.kinds import kind_of
from engine.casework.papers.paper import Paper
from engine.casework.portions import bulk
from engine.casework.supervision import letters
from engine.ground.clock import start_of_day
from engine.ground.database import Patience, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.identification import announcements, wordings
from tests.support import many, papers
from tests.support.client import application, signed_in
from tests.support.template import OFFICIALS, OTHER_VILLAGE, VILLAGE
from tests.support.world import World

PRIVATE = ("419901", "139", "illness", "因病", "李秀英", "妻子")


def open_items(world: World, element_id: str) -> list[int]:
    """The open items of a step."""
    world.session.commit()
    query = select(WorkItem.id).where(WorkItem.element_id == element_id, WorkItem.status == "open")
    return list(world.session.scalars(query.order_by(WorkItem.id)))


def approve(world: World, ids: list[int], **data: str) -> None:
    """The county decides."""
    act = bulk.decide(
        world.session, world.official("xian"), ids, {"outcome": "approve", **data}, clock=world.clock
    )
    assert bulk.counts(world.session, act)["refused"] == 0


def draft(world: World, username: str, kind: str, ids: list[int]) -> list[Paper]:
    """The papers as somebody sees them."""
    found = drafts.of_items(world.session, world.official(username), kind, ids, world.clock.now())
    return [one.paper for one in found]


@pytest.mark.duty("R13")
def test_a_village_shares_one_announcement_until_it_is_posted(world: World) -> None:
    many.to_approval(world, 6, (VILLAGE, OTHER_VILLAGE))
    approve(world, open_items(world, "approve")[:4])
    records = list(world.session.scalars(select(NumberedPaper).order_by(NumberedPaper.id)))
    assert [record.number for record in records] == [
        "车村镇防返贫公告〔2022〕1号",
        "车村镇防返贫公告〔2022〕2号",
    ]
    assert [len(record.entries) for record in records] == [2, 2]
    assert {record.place_code for record in records} == {VILLAGE, OTHER_VILLAGE}
    first = records[0].entries[0].case
    world.finish(first, "announce", "xiang")  # posted: the list of this village is closed
    approve(world, open_items(world, "approve"))
    world.session.expire_all()
    records = list(world.session.scalars(select(NumberedPaper).order_by(NumberedPaper.id)))
    assert [(record.status, len(record.entries)) for record in records] == [
        ("issued", 2),
        ("gathering", 3),
        ("gathering", 1),
    ]
    assert records[0].content is not None and len(records[0].content["rows"]) == 2
    for case_id in (records[0].entries[0].case_id, records[1].entries[2].case_id):
        world.assert_replays(case_id)


@pytest.mark.duty("R13")
def test_an_approval_taken_back_leaves_the_announcement(world: World) -> None:
    many.to_approval(world, 2, (VILLAGE,))
    ids = open_items(world, "approve")
    approve(world, ids)
    record = world.session.scalars(select(NumberedPaper)).one()
    acts.withdraw(world.session, world.official("xian"), ids[0], clock=world.clock)
    world.session.expire_all()
    assert len(record.entries) == 1
    announcements.close(world.session, record, world.official("xiang"), world.clock.now())
    world.session.commit()
    acts.withdraw(world.session, world.official("xian"), ids[1], clock=world.clock)
    world.session.expire_all()
    assert [entry.withdrawn_at is not None for entry in record.entries] == [
        True
    ]  # it was issued: the mark stays
    approve(world, open_items(world, "approve"))
    assert world.session.scalars(select(NumberedPaper.serial).order_by(NumberedPaper.id)).all() == [1, 2]


@pytest.mark.duty("R11", "R12", "R13", "R38")
def test_issued_papers_keep_their_number_and_words(world: World) -> None:
    many.to_review(world, 3)
    ids = open_items(world, "review")
    before = draft(world, "xiangxiang", "proposed_list", ids)
    assert all(paper.number == "" for paper in before)
    township, now = world.official("xiang"), world.clock.now()
    mine = [
        item for item in ids if world.session.get_one(WorkItem, item).village_code.startswith("410325103")
    ]
    record = register.issue(world.session, township, "proposed_list", mine, now)[0]
    assert record.number == "车村镇防返贫呈报〔2022〕1号"
    assert register.issue(world.session, township, "proposed_list", mine, now)[0].id == record.id
    case = record.entries[0].case
    case.household.head_name = "改了名"
    world.session.commit()
    stored = register.get(world.session, township, record.id)
    paper = drafts.read(world.session, stored, now)
    assert "赵建国" in paper.text and "改了名" not in paper.text
    assert "嵩县乡村振兴局" in paper.text and "车村镇人民政府" in paper.text and "拟定类别" in paper.text
    line = world.session.scalars(select(LogEntry).where(LogEntry.kind == "issue")).one()
    assert (line.actor_id, line.data["number"]) == (township.id, record.number)


@pytest.mark.duty("R12")
def test_the_approval_form_shows_each_decision_and_waits_for_all(world: World) -> None:
    many.to_approval(world, 3)
    ids, county = open_items(world, "approve"), world.official("xian")
    approve(world, ids[:1])
    with pytest.raises(Conflict, match="还有 2 件没有办理"):
        register.issue(world.session, county, "approval_form", ids, world.clock.now())
    approve(world, ids[1:2], category="unstable")
    bulk.decide(
        world.session, county, ids[2:], {"outcome": "reject", "reason": "收入稳定"}, clock=world.clock
    )
    assert [one.count for one in register.unlisted(world.session, county, world.clock.now())] == [3]
    record = register.issue(world.session, county, "approval_form", ids, world.clock.now())[0]
    paper = drafts.read(world.session, record, world.clock.now())
    assert [row[-3:-1] for row in paper.rows] == [("同意", "县甲"), ("同意", "县甲"), ("不同意", "县甲")]
    assert [row[-4] for row in paper.rows] == ["边缘易致贫户", "脱贫不稳定户", "—"]
    assert "同意2户，不同意1户" in paper.text and "嵩县乡村振兴局" in paper.text
    assert register.unlisted(world.session, county, world.clock.now()) == []


@pytest.mark.duty("R38")
def test_only_the_issuer_issues_and_only_the_place_reads(world: World) -> None:
    many.to_approval(world, 2, (VILLAGE, OTHER_VILLAGE))
    ids, now = open_items(world, "approve"), world.clock.now()
    approve(world, ids)
    own = draft(world, "cun", "approval_form", ids)[0]
    assert [row[3] for row in own.rows] == ["赵建国"]  # of a draft, everybody sees their own households
    for username in ("cun", "xiang", "waixian", "ducha", "sheng"):
        with pytest.raises((NotAllowed, NotFound)):
            register.issue(world.session, world.official(username), "approval_form", ids, now)
    record = register.issue(world.session, world.official("xian"), "approval_form", ids, now)[0]
    with pytest.raises(NotFound):
        register.get(world.session, world.official("cun"), record.id)  # it names households of other villages
    village = register.issued(world.session, world.official("cun"))
    assert [one.kind for one in village.items] == ["announcement"]
    with pytest.raises(NotFound):
        draft(world, "cun", "approval_form", ids)
    with pytest.raises(Invalid):
        draft(world, "xian", "notice", ids)
    with pytest.raises(NotFound):
        draft(world, "xian", "nonsense", ids)


@pytest.mark.duty("R10", "R13")
def test_papers_never_show_what_is_private(world: World) -> None:
    case = world.enter()
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    world.finish(case, "submit_batch", "xiang")
    world.finish(case, "run_matching", "xian2")
    world.finish(case, "appraise", "cun")
    found = [draft(world, "cun", "notice", open_items(world, "post_notice"))]
    posted = open_items(world, "post_notice")
    world.finish(case, "post_notice", "cun")
    found.append(draft(world, "cun", "notice", posted))
    assert "监委会 0379-66000000" in found[-1][0].text and "边缘易致贫户" in found[-1][0].text
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    found.append(draft(world, "xiang", "proposed_list", open_items(world, "review")))
    world.finish(case, "review", "xiang")
    found.append(draft(world, "xian", "approval_form", open_items(world, "approve")))
    world.finish(case, "approve", "xian")
    found.append(draft(world, "xiang", "announcement", open_items(world, "announce")))
    for paper in (one for group in found for one in group):
        assert "王建国" in paper.text
        assert not [word for word in PRIVATE if word in paper.text], paper.kind


def test_a_rejected_household_is_on_no_list(world: World) -> None:
    many.to_review(world, 2, (VILLAGE,))
    ids = open_items(world, "review")
    bulk.decide(
        world.session,
        world.official("xiang"),
        ids[:1],
        {"outcome": "reject", "reason": "不符合"},
        clock=world.clock,
    )
    assert len(draft(world, "xiang", "proposed_list", ids)[0].rows) == 1
    with pytest.raises(Invalid, match="没有应当列入"):
        draft(world, "xiang", "proposed_list", ids[:1])


def test_one_notice_for_the_households_of_a_village(world: World) -> None:
    many.helpers(world)
    many.enter(world, 3, (VILLAGE, OTHER_VILLAGE))
    for element, username in (("verify", "cuncun"), ("sign", "cuncun"), ("appraise", "cuncun")):
        many.finish_all(world, element, username)
    ids = open_items(world, "post_notice")
    found = draft(world, "cuncun", "notice", ids)
    assert [len(paper.rows) for paper in found] == [2, 1]
    records = register.issue(world.session, world.official("cuncun"), "notice", ids, world.clock.now())
    assert records[0].number == "下庙村防返贫公示〔2022〕1号"
    village = world.official("cuncun")
    photo = world.upload("cuncun", world.session.get_one(WorkItem, ids[0]))
    data = papers.paper("notice", world.today, photo)
    act = bulk.decide(world.session, village, ids, data, clock=world.clock)
    assert bulk.counts(world.session, act) == {"pending": 0, "done": 3, "refused": 0}
    assert world.session.scalars(
        select(PaperEntry.work_item_id).order_by(PaperEntry.work_item_id)
    ).all() == sorted(ids)


@pytest.mark.duty("R38", "C2")
def test_papers_open_by_address_only_for_whose_place_it_is(small_world: World) -> None:
    world = small_world
    many.to_approval(world, 2, (VILLAGE, OTHER_VILLAGE))
    ids, county = open_items(world, "approve"), world.official("xian")
    approve(world, ids)
    form = register.issue(world.session, county, "approval_form", ids, world.clock.now())[0]
    announcement = world.session.scalars(
        select(NumberedPaper).where(NumberedPaper.place_code == VILLAGE)
    ).one()
    above = {"xian", "xian2", "shi", "sheng", "ducha"}
    app = application(world)
    for username, *_ in OFFICIALS:
        client = signed_in(app, world.official(username))
        for kind in ("html", "docx", "pdf"):
            seen = (
                client.get(f"/papers/{form.id}.{kind}").status_code,
                client.get(f"/papers/{announcement.id}.{kind}").status_code,
            )
            village = above | {"cun", "cun2", "xiang", "xiang2"}
            assert seen == (200 if username in above else 404, 200 if username in village else 404), username
        draft_page = client.get(f"/papers/announcement?case={announcement.entries[0].case_id}").status_code
        assert draft_page == (200 if username in village else 404), username
        posted = client.post(
            "/papers/announcement", data={"case": announcement.entries[0].case_id}
        ).status_code
        assert posted in ((302, 303) if username in ("xiang", "xiang2") else (302, 303, 403, 404)), username
    world.session.commit()
    world.session.expire_all()
    assert announcement.issued_by == world.official("xiang").id


@pytest.mark.duty("R10")
def test_nothing_is_issued_before_somebody_read_whose_characters_cannot_be_printed(
    small_world: World,
) -> None:
    world = small_world
    case = world.enter(name="王𡛟")
    for step, username in (
        ("verify", "cun"),
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
    ):
        world.finish(case, step, username)
    world.finish(case, "appraise", "cun")
    client, item = signed_in(application(world), world.official("cun")), open_items(world, "post_notice")[0]
    assert "第1行王𡛟：𡛟（U+216DF）" in client.get(f"/papers/notice?id={item}").text
    refused = client.post("/papers/notice", data={"id": str(item)})
    assert refused.status_code == 409 and "还没有印发" in refused.text and 'value="𡛟"' in refused.text
    assert world.session.scalar(select(NumberedPaper.id)) is None
    issued = client.post("/papers/notice", data={"id": str(item), "lacking": "𡛟"}, follow_redirects=True)
    assert "已印发" in issued.text and "王𡛟" in issued.text


@pytest.mark.duty("R13")
def test_an_announcement_is_numbered_in_the_year_in_which_it_is_issued(small_world: World) -> None:
    world = small_world
    world.go_to(234)  # 25 December
    many.to_approval(world, 3, (VILLAGE,))
    assert world.today == date(2022, 12, 31)
    first, second, third = open_items(world, "approve")
    approve(world, [first])
    record = world.session.scalars(select(NumberedPaper)).one()
    assert record.number.endswith("公告〔2022〕1号")
    world.go_to(world.number + 1)
    approve(world, [second])  # joins the list that still gathers
    world.session.refresh(record)
    assert (record.number[-9:], len(record.entries)) == ("告〔2023〕1号", 2)
    world.finish(record.entries[0].case, "announce", "xiang")
    approve(world, [third])
    world.session.expire_all()
    issued, gathering = world.session.scalars(select(NumberedPaper).order_by(NumberedPaper.id))
    assert issued.content is not None and issued.content["number"] == issued.number
    assert "2023年1月1日" in str(issued.content) and gathering.number.endswith("公告〔2023〕2号")
    assert gathering.status == "gathering"
    world.go_to(world.number + 370)
    announcements.close(world.session, gathering, world.official("xiang"), world.clock.now())
    assert gathering.number.endswith("公告〔2024〕1号")
    world.session.commit()
    world.assert_replays(issued.entries[0].case_id)


@pytest.mark.parametrize(
    ("day", "matter"),
    [
        (date(2022, 5, 11), "2022年第19周"),
        (date(2026, 12, 27), "2026年第52周"),
        (date(2026, 12, 31), "2026年12月28日至2027年1月3日"),
        (date(2027, 1, 1), "2026年12月28日至2027年1月3日"),
        (date(2027, 1, 4), "2027年第1周"),
        (date(2025, 12, 29), "2025年12月29日至2026年1月4日"),
        (date(2024, 1, 1), "2024年第1周"),
    ],
)
def test_a_letter_names_no_other_year_than_its_number(day: date, matter: str) -> None:
    assert letters.week_of(start_of_day(day)) == matter
    assert f"{day.year}年" in letters.week_of(start_of_day(day) + timedelta(days=1, microseconds=-1))


def test_papers_of_two_villages_wait_for_no_common_line_of_the_log(postgres_url: str) -> None:
    """What a village issues holds its own chain until it is committed: the next village goes on meanwhile."""
    world = World(postgres_url, Patience(lock_seconds=1))
    one, other = world.sessions(), world.sessions()
    with write(one), write(other):
        for session, village in ((one, VILLAGE), (other, OTHER_VILLAGE)):
            record = numbers.open_paper(
                session, kind_of("notice"), village, "拟纳入", "经评议", world.clock.now()
            )
            terms = Terms("拟纳入", "经评议", "村", "村民委员会", world.today, ends=world.today)
            numbers.fix(session, record, wordings.notice(terms, []), None, world.clock.now())
    issued = LogStream.stream.startswith("papers:")
    streams = world.session.scalars(select(LogStream.stream).where(issued)).all()
    assert sorted(streams) == [f"papers:{world.today}:{code}" for code in (VILLAGE, OTHER_VILLAGE)]
    assert list(verification.verify(world.session)) == []
    for session in (one, other):
        session.close()
    world.close()
