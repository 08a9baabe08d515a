"""Shipped diagrams in a province with limits of its own: timers, names and words are the province's
(R10, R15, R19, R29).
"""

from __future__ import annotations

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram import xml as x
from engine.flow.diagram.localising import localised
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.vocabulary import Bound
from engine.ground.days import numbers_said
from engine.prevention.installation import ROOT
from engine.prevention.kit import KIT

SHIPPED = {path.stem: path.read_bytes() for path in sorted((ROOT / "bpmn").glob("*.bpmn"))}
RESOURCES = read_resources(ROOT)
DOCUMENT = "黔乡振〔2022〕5号"
WIDE = {"R15": Bound(20, DOCUMENT), "R10": Bound(7), "R19": Bound(8), "R29": Bound(9)}


def at_home(bounds: dict[str, Bound]) -> Resources:
    parts = {key: localised(body, KIT.law, bounds) for key, body in RESOURCES.part.items()}
    return RESOURCES | Resources(part=parts, bounds=bounds)


@pytest.mark.duty("R10", "R15", "R19", "R29")
@pytest.mark.parametrize("key", SHIPPED)
def test_what_ships_is_sound_and_says_the_provinces_days(key: str) -> None:
    body = localised(SHIPPED[key], KIT.law, WIDE)
    assert check(body, at_home(WIDE))[1] == []
    former = {limit.days for limit in KIT.law}
    for text in x.parse_xml(body).itertext():
        assert not numbers_said(text) & former, text


def test_a_timer_its_name_its_notes_and_its_properties_say_the_same() -> None:
    text = localised(SHIPPED["identification"], KIT.law, WIDE).decode()
    for words in (
        "days after(discovery_date, 20)",
        'name="满20天"',
        'value="20"',
        DOCUMENT,
        "一般不超过 20 天",
    ):
        assert words in text
    assert "15 天" not in text and "自最早的线索发现之日起满 20 天" in text and "批准之日起 8 天内" in text
    notice = localised(SHIPPED["public_notice"], KIT.law, WIDE).decode()
    assert "days after(notice.posted_on, 7)" in notice and 'name="公示满7天"' in notice
    assert "allowedBy" not in notice  # stricter than the nation's needs no document


@pytest.mark.parametrize("bounds", [{}, {"R15": Bound(15)}, {"R10": Bound(5, DOCUMENT)}])
def test_without_other_days_not_a_byte_changes(bounds: dict[str, Bound]) -> None:
    assert all(localised(body, KIT.law, bounds) == body for body in SHIPPED.values())


@pytest.mark.duty("R15")
@pytest.mark.parametrize(("days", "sound"), [(18, True), (20, True), (21, False)])
def test_an_owners_diagram_is_held_against_the_provinces_bound(days: int, sound: bool) -> None:
    own = SHIPPED["identification"].replace(b"discovery_date, 15", f"discovery_date, {days}".encode())
    errors = [one for one in check(own, at_home(WIDE))[1] if one.severity == "error"]
    assert (not errors) == sound
    assert sound or (f"{DOCUMENT}规定的 20 天" in errors[0].message and "不超过 20 天" in errors[0].message)
    if days > 15:
        assert any(one.severity == "error" for one in check(own, RESOURCES)[1])


@pytest.mark.duty("R10")
def test_the_nations_five_days_are_too_few_where_the_province_asks_for_seven() -> None:
    found = check(SHIPPED["public_notice"], RESOURCES | Resources(bounds=WIDE))[1]
    assert any("低于" in one.message and "7 天" in one.message for one in found if one.severity == "error")


def test_no_form_says_a_limit_in_days() -> None:
    """A form is words beside a limit that its diagram holds: the number stands in one place."""
    legal = {limit.days for limit in KIT.law}
    for key, body in RESOURCES.form.items():
        assert not numbers_said(body.decode()) & legal, key
