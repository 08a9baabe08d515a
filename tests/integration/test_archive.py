"""The file of a case (R14): what counts stands in order; what was taken back,
sent back or replaced is marked, as an annex.
"""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select

from engine.casework.acts import return_targets, return_to, withdraw
from engine.casework.audit import verification
from engine.casework.models import CaseFile, LogEntry
from engine.prevention.identification.notices import objections
from tests.support import papers
from tests.support.client import application, signed_in
from tests.support.world import World


def _texts(root: html.HtmlElement, path: str) -> list[str]:
    return ["".join(node.text_content().split()) for node in root.xpath(path)]


def _page(world: World, address: str) -> html.HtmlElement:
    world.session.commit()
    client = signed_in(application(world), world.official("xiang"))
    return html.fromstring(client.get(address).text)


def _return(world: World, case: CaseFile, step: str, to: str, reason: str) -> None:
    item = world.open_items(case)[step]
    targets = return_targets(world.session, world.official("xiang"), item.id)
    seq = next(target.seq for target in targets if target.element_id == to)
    return_to(world.session, world.official("xiang"), item.id, seq, reason, clock=world.clock)


@pytest.mark.duty("R14", "R12")
def test_forms_that_count_no_more_are_marked_and_folded_behind_those_that_count(small_world: World) -> None:
    case = small_world.enter()
    done = small_world.finish(case, "verify", "cun", risk_text="第一遍写的")
    withdraw(small_world.session, small_world.official("cun"), done.item_id, clock=small_world.clock)
    small_world.finish(case, "verify", "cun", risk_text="第二遍写的")
    small_world.finish(case, "sign", "cun")
    _return(small_world, case, "submit_batch", "verify", "户主年龄写错")
    small_world.finish(case, "verify", "cun", risk_text="第三遍写的")
    for address in (f"/cases/{case.id}/archive", f"/households/{case.household_id}/archive"):
        page = _page(small_world, address)
        counts = _texts(page, "//main//div[@class='panel'][not(ancestor::details[@class='annex'])]")
        (annex,) = _texts(page, "//details[@class='annex']")
        void = _texts(page, "//details[@class='annex']//div[@class='panel void']")
        assert [text.split("遍")[0][-1] for text in counts if "遍写的" in text] == ["三"]
        assert (
            "3份，不作数" in annex and len(void) == 3
        )  # the letter that was signed on the second goes with it
        assert "已撤回" in void[0] and "第一遍写的" in void[0]
        assert all("已退回" in text and "户主年龄写错" in text for text in void[1:])
    shown = _texts(
        _page(small_world, f"/cases/{case.id}"), "//details[summary[contains(., '不作数')]]/div/details"
    )
    assert len(shown) == 3 and "第二遍写的" in shown[1]


@pytest.mark.duty("R14", "R10")
def test_a_notice_that_was_replaced_stands_in_the_annex_and_rounds_are_counted(small_world: World) -> None:
    case = small_world.enter()
    small_world.to_notice(case)
    small_world.go_to(2)
    data = {"matter": "家有汽车", "raised_on": small_world.today.isoformat()}
    objections.raise_objection(
        small_world.session, small_world.official("xiang"), case.id, data, clock=small_world.clock
    )
    small_world.finish(case, "examine_objection", "xiang", outcome="upheld_changed")
    small_world.finish(case, "reverify", "cun")
    small_world.finish(case, "appraise", "cun")
    small_world.finish(case, "post_notice", "cun")
    page = _page(small_world, f"/cases/{case.id}/archive")
    (void,) = _texts(page, "//details[@class='annex']//div[@class='panel void']")
    assert "已由新公示代替" in void and "家有汽车" in void
    heads = _texts(page, "//div[@class='panel']/h2")
    assert sum("第1次" in head for head in heads) == sum("第2次" in head for head in heads) == 2
    assert sum("公示（" in head for head in heads) == 1


@pytest.mark.duty("R38")
def test_a_file_is_shown_as_what_it_is_and_runs_nothing(small_world: World) -> None:
    case = small_world.enter()
    item, village = small_world.open_items(case)["verify"], small_world.official("cun")
    client = signed_in(application(small_world), village)
    scan = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF\n"
    for name, body in (
        ("photo.pdf", papers.PNG + b"<script>alert(1)</script>"),
        ("scan.jpg", b"\0\0" + scan),
    ):
        sent = {"file": (io.BytesIO(body), name), "field": "photos"}
        kept = client.post(f"/tasks/{item.id}/files", data=sent, headers={"X-Requested-With": "fetch"}).json
        shown = client.get(kept["url"])
        photo = name == "photo.pdf"
        assert kept["filename"] == ("photo.png" if photo else "scan.pdf")
        assert shown.mimetype == ("image/png" if photo else "application/pdf") and b"script" not in shown.data
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        # a browser shows no PDF in a sandbox
        assert ("sandbox" in shown.headers["Content-Security-Policy"]) == photo == bool(kept["thumbnail"])
        assert client.get(f"{kept['url']}/thumbnail").status_code == (200 if photo else 404)


@pytest.mark.duty("R38")
def test_looking_at_a_steps_photos_is_one_line_for_a_while(small_world: World) -> None:
    world = small_world
    case = world.enter()
    item = world.open_items(case)["verify"]
    photos = [world.upload("cun", item) for _ in range(3)]
    clients = [signed_in(application(world), world.official(name)) for name in ("cun", "xiang")]

    def looks() -> list[tuple[int | None, str]]:
        world.session.commit()
        query = select(LogEntry).where(LogEntry.kind.in_(("thumbnails", "attachment")))
        return [(one.actor_id, one.kind) for one in world.session.scalars(query.order_by(LogEntry.id))]

    def look(client: FlaskClient) -> None:
        assert {client.get(f"/files/{photo}/thumbnail").status_code for photo in photos} == {200}

    village, township = (world.official(name).id for name in ("cun", "xiang"))
    look(clients[0])
    look(clients[0])
    assert looks() == [(village, "thumbnails")]
    look(clients[1])  # another person looks for themself
    clients[0].get(f"/files/{photos[0]}")  # to open one is an act of its own
    assert looks()[1:] == [(township, "thumbnails"), (village, "attachment")]
    world.clock.set(world.clock.now() + timedelta(minutes=9))
    look(clients[0])
    assert len(looks()) == 3
    world.clock.set(world.clock.now() + timedelta(minutes=2))
    look(clients[0])
    assert looks()[3:] == [(village, "thumbnails")]
    assert list(verification.verify(world.session)) == []
