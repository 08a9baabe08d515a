"""What the product is made of is listed whole, and no part has a licence that would bind the product."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import dependencies
from tests.dependencies import RUNNING, Part

AGAIN = "运行 python -m tests.dependencies，补上“待写”的用途"


def test_the_page_lists_every_package_of_the_locks_and_no_other() -> None:
    listed = {(part.section, part.name, part.version) for part in dependencies.listed()}
    locked = {(part.section, part.name, part.version) for part in dependencies.locked()}
    assert len(locked) > 200
    assert listed == locked, AGAIN


def test_every_package_has_a_purpose() -> None:
    assert not [part.name for part in dependencies.listed() if part.purpose == dependencies.TO_WRITE], AGAIN


def test_every_licence_is_one_that_we_may_pass_on() -> None:
    assert not [part for part in dependencies.locked() if not dependencies.is_allowed(part)]


def test_the_page_gives_the_licences_that_the_packages_give() -> None:
    listed = {(part.section, part.name, part.version): part.licence for part in dependencies.listed()}
    for part in dependencies.locked():
        assert listed[part.section, part.name, part.version] == part.licence, AGAIN


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("(MPL-2.0 OR GPL-3.0)", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0", False),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("SSPL-1.0", False),
        ("", False),
    ],
)
def test_a_licence_that_binds_the_product_is_refused(licence: str, allowed: bool) -> None:
    part = Part("x", "1", licence, f"Python：{RUNNING}")
    assert dependencies.is_allowed(part) == allowed
    assert not dependencies.is_allowed(replace(part, licence="AGPL-3.0-only", section="Python：测试"))
