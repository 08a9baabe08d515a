"""Lists in lists, with groups and files in their rows:
from typing through drafts and errors to what reviewers read.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.flow.diagram.resources import Resources
from engine.ground.database import create_engine, session_factory
from engine.prevention.installation import ROOT
from tests.support.browser import Site
from tests.support.server import Server

NAME = "王建国"
LAND: list[dict[str, Any]] = [
    {
        "type": "dynamiclist",
        "path": "plots",
        "label": "地块",
        "id": "plots",
        "components": [
            {
                "type": "radio",
                "key": "kind",
                "label": "种类",
                "id": "kind",
                "values": [{"value": "field", "label": "耕地"}, {"value": "shed", "label": "圈舍"}],
                "validate": {"required": True},
            },
            {
                "type": "dynamiclist",
                "path": "parts",
                "label": "明细",
                "id": "parts",
                "components": [
                    {
                        "type": "group",
                        "label": "数量",
                        "id": "amounts",
                        "components": [
                            {
                                "type": "number",
                                "key": "mu",
                                "label": "亩数",
                                "id": "mu",
                                "decimalDigits": 1,
                                "validate": {"required": True},
                                "conditional": {"hide": '=kind != "field"'},
                                "appearance": {"suffixAdorner": "亩"},
                            },
                            {
                                "type": "number",
                                "key": "head",
                                "label": "头数",
                                "id": "head",
                                "conditional": {"hide": '=kind != "shed"'},
                            },
                        ],
                    },
                    {"type": "filepicker", "key": "photo", "label": "照片", "id": "photo"},
                ],
            },
            {
                "type": "expression",
                "key": "land",
                "label": "小计",
                "id": "land",
                "expression": "=sum(parts.mu)",
            },
        ],
    },
    {
        "type": "expression",
        "key": "all_land",
        "label": "合计",
        "id": "all_land",
        "expression": "=sum(plots.land)",
    },
    {
        "type": "textfield",
        "key": "why_much",
        "label": "地多的原因",
        "id": "why_much",
        "conditional": {"hide": "=all_land = null or all_land <= 100"},
        "validate": {"required": True},
    },
]


@pytest.fixture
def land(server: Server, site: Site) -> Site:
    """The authorisation also asks for the household's land."""
    form = json.loads((ROOT / "forms_json" / "authorisation.json").read_text())
    form["components"] += LAND
    engine = create_engine(server.app.config["SHOUWANG"].database_url)
    with session_factory(engine)() as session:
        found = definitions.resources_in_force(session, None)
        forms = {**found.form, "authorisation": json.dumps(form, ensure_ascii=False).encode()}
        body = (ROOT / "bpmn" / "identification.bpmn").read_bytes()
        resources = Resources(forms, found.decision, found.part)
        deployment.deploy(session, None, body, resources, "登记土地", site.clock.now())
        session.commit()
    engine.dispose()
    return site


def add(page: Page, name: str) -> None:
    """One more row of the list of that name."""
    page.locator(f'[data-name="{name}"] > [data-add]').click()


@pytest.mark.duty("R09")
@pytest.mark.parametrize("width", [1280, 360])
def test_inner_rows_are_typed_kept_corrected_and_read(land: Site, width: int) -> None:
    village = land.official("cun")
    village.enter_clue(NAME)
    village.finish(NAME, "入户核实", "verification")
    village.open_task(NAME, "签订承诺授权书")
    page = village.page
    page.set_viewport_size({"width": width, "height": 900})
    village.fill({"signed": "yes", "signers": NAME, "scan": ["FILE"], "signed_on": land.day(0).isoformat()})
    add(page, "plots")
    add(page, "plots")
    page.check('[name="plots-1-kind"][value="field"]')
    for _ in range(3):
        add(page, "plots-1-parts")
    assert page.locator('[name="plots-1-parts-0-head"]').is_hidden()  # the inner row sees the outer one
    page.fill('[name="plots-1-parts-1-mu"]', "１２０亩")
    page.set_input_files('[name="file:plots-1-parts-1-photo"]', str(land.photo))
    page.locator('[name="plots-1-parts-1-photo"]').wait_for(state="attached")
    page.fill('[name="plots-1-parts-2-mu"]', "3.55")
    assert "123.55" in page.locator("[data-key=all_land] output").inner_text()
    assert page.locator('[name="why_much"]').is_visible()

    page.locator('[data-name="plots"] > .rows > [data-row]').first.locator(
        ":scope > .row-head [data-remove]"
    ).click()
    assert page.input_value('[name="plots-0-parts-1-mu"]') == "１２０亩"  # the names moved with their row
    add(page, "plots-0-parts")
    page.fill('[name="plots-0-parts-3-mu"]', "1")
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.fill('[name="signers"]', f"{NAME}、李秀英")
    page.reload()
    assert page.input_value('[name="plots-0-parts-1-mu"]') == "１２０亩"
    assert page.locator('[name="plots-0-parts-1-photo"]').count() == 1

    add(page, "plots-0-parts")
    village.submit()
    wrong = page.locator('[data-name="plots-0-parts"] .has-error')
    assert [one.inner_text() for one in wrong.locator(".wrong").all()] == ["亩数：最多保留 1 位小数。"]
    assert wrong.locator("input").first.input_value() == "3.55"
    assert "地多的原因：请填写。" in page.locator(".error-summary").inner_text()
    page.fill('[name="plots-0-parts-2-mu"]', "3.5")
    page.fill('[name="why_much"]', "流转")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    assert "已办结" in village.submit()

    number = village.open_case(NAME)
    for path in (f"/cases/{number}", f"/cases/{number}/archive"):
        village.go(path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        said = village.text
        assert all(
            words in said
            for words in ("种类：耕地", "亩数：120亩", "亩数：3.50亩", "photo.png", "小计：124.5")
        ), said
