"""The links to the other pages of a list keep what the page's address says, in its path and behind it."""

from __future__ import annotations

import re

import pytest
from flask import render_template_string

from engine.ground.paging import Page
from tests.support.client import application
from tests.support.world import World


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("/migrations/7?tab=fits", "migrations.show"),
        ("/procedures/identification?x=1", "procedures.show"),
        ("/batches/3?q=王", "batches.show"),
        ("/households?q=王&page=2", "households.index"),
    ],
)
def test_the_pager_leads_to_the_neighbouring_pages_of_the_same_list(
    small_world: World, address: str, endpoint: str
) -> None:
    text = "{% import 'parts.html' as parts with context %}{{ parts.pager(page, endpoint) }}"
    with application(small_world).test_request_context(address):
        shown = render_template_string(text, page=Page([], 150, 2, 3), endpoint=endpoint)
    path, _, query = address.partition("?")
    links = re.findall(r'href="([^"]+)"', shown)
    assert [link.partition("?")[0] for link in links] == [path, path]
    for link, number in zip(links, (1, 3), strict=True):
        assert f"page={number}" in link and link.count("page=") == 1 and query[:2] in link
