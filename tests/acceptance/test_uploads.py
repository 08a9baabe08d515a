"""Files on a bad network: none is lost, none is left behind, none is sent twice."""

from __future__ import annotations

import pytest

from tests.acceptance.test_print import photo
from tests.support.browser import Official, Site

NAME = "王建国"
SMALL = photo(size=(320, 240))


def choose(official: Official, *names: str) -> None:
    """Choose files at once for the letter."""
    chosen = [{"name": name, "mimeType": "image/jpeg", "buffer": SMALL} for name in names]
    official.page.set_input_files('input[name="file:scan"]', files=chosen)  # type: ignore[arg-type]


@pytest.mark.duty("R38")
def test_files_stand_in_their_order_until_each_of_them_went(site: Site) -> None:
    village, colleague = site.official("cun"), site.official("cun2")
    village.enter_clue(NAME)
    village.finish(NAME, "入户核实", "verification")
    for official in (village, colleague):
        official.open_task(NAME, "签订承诺授权书")
        official.fill({"signed": "yes", "signers": NAME, "signed_on": site.day(0).isoformat()})
    page = village.page
    kept, waiting = page.locator(".files li:not(.sending) .attached"), page.locator(".files li.sending")
    page.context.set_offline(True)
    choose(village, "1.jpg", "2.jpg", "3.jpg")
    page.locator(".files .failed", has_text="3.jpg").wait_for()
    page.locator(".files .failed", has_text="2.jpg").get_by_text("不传了").click()
    page.route("**/files", lambda route: None)  # the network is back, and slow
    page.context.set_offline(False)
    page.locator(".sending:not(.failed)").first.wait_for()
    page.locator("form[data-live] .buttons .btn-primary").click()
    page.get_by_text("还有 2 个文件没有传完").wait_for()
    page.unroute("**/files")
    page.unroute("**/files")  # sends on what was held
    kept.nth(1).wait_for()
    assert kept.all_inner_texts() == ["1.jpg", "3.jpg"] and waiting.count() == 0
    assert page.get_by_text("没有传完").count() == 0
    page.route(
        "**/draft", lambda route: route.abort()
    )  # what went up is in the form again, even if nothing was saved
    choose(village, "4.jpg")
    kept.nth(2).wait_for()
    page.reload()
    kept.nth(2).wait_for()
    choose(colleague, "5.jpg")
    colleague.page.locator(".files li:not(.sending)").wait_for()
    assert "已办结" in village.submit()
    choose(colleague, "6.jpg")
    colleague.page.get_by_text("6.jpg：这件事项已由村甲").wait_for()
    village.go(f"/cases/{village.open_case(NAME)}/archive")
    assert page.locator(".attached img").count() == 3
