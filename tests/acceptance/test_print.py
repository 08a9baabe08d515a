"""What people print: all that they typed, nothing laid over anything else, photos as pictures."""

from __future__ import annotations

import io
from itertools import combinations
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page
from pypdf import PdfReader

from tests.support import papers
from tests.support.browser import Official, Site

NAME = "王建国"
LINES = [f"Line{number:02}:illness,no-labour,medicine." for number in range(1, 31)]
"""Latin: a machine without a Chinese font prints those alone."""
LABEL_SHARE = 0.5
"""Of a letter's height: baselines of two lines at one place are at least that far apart."""


def printed(page: Page) -> PdfReader:
    """The page as Chromium prints it."""
    return PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))


def words(found: PdfReader) -> str:
    return "".join("".join(page.extract_text() for page in found.pages).split())


def overlaid(found: PdfReader) -> list[tuple[str, str]]:
    """Texts of a page that begin in the same column, less than half a line apart."""
    return [pair for page in found.pages for pair in _overlaid(page)]


def _overlaid(page: Any) -> list[tuple[str, str]]:
    runs: list[tuple[float, float, float, str]] = []

    def visit(text: str, current: Any, matrix: Any, font: Any, size: float) -> None:
        x, y = (
            matrix[4] * current[0] + matrix[5] * current[2] + current[4],
            matrix[4] * current[1] + matrix[5] * current[3] + current[5],
        )
        if text.strip():
            runs.append((x, y, abs(size * matrix[3] * current[3]), text.strip()))

    page.extract_text(visitor_text=visit)
    return [
        (one[3], other[3])
        for one, other in combinations(runs, 2)
        if abs(one[0] - other[0]) < 2 and 0.5 < abs(one[1] - other[1]) < LABEL_SHARE * min(one[2], other[2])
    ]


@pytest.fixture
def village(site: Site) -> Official:
    found = site.official("cun")
    found.enter_clue(NAME)
    return found


def member(number: int) -> dict[str, Any]:
    """The next of a large family."""
    relation, sex = ("son", "male") if number % 2 else ("daughter", "female")
    return papers.member(
        f"家人{number}", relation, f"4199011985{number:02d}0111{number}", sex=sex, health="serious"
    )


def test_every_line_that_was_typed_is_printed(site: Site, village: Official) -> None:
    family = [papers.member(), *(member(number) for number in range(1, 6))]
    village.open_task(NAME, "入户核实")
    day = site.now.date()
    village.fill(
        papers.verification(
            day, members=family, risk_text="\n".join(LINES), address="East-Gully" + "-far-away" * 20
        )
    )
    found = printed(village.page)
    text = words(found)
    for line in LINES:
        assert line in text
    assert "East-Gully" + "-far-away" * 20 in text
    for one in family:
        assert one["id_number"] in text
    assert not overlaid(found)
    assert village.page.input_value('[name="risk_text"]') == "\n".join(LINES)
    assert village.page.locator(".printed").count() == 0


def photo(kind: str = "JPEG", size: tuple[int, int] = (3000, 1500)) -> bytes:
    """As a phone takes it: lying, with where it was taken."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Phone"
    exif[0x8825] = {1: "N", 2: (34.0, 8.0, 1.0)}
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, kind, exif=exif)
    return out.getvalue()


def choose(village: Official, name: str, body: bytes) -> None:
    """Choose a file for the letter."""
    sent: FilePayload = {"name": name, "mimeType": "", "buffer": body}
    village.page.set_input_files('input[name="file:scan"]', files=[sent])


@pytest.mark.duty("R38")
def test_a_phones_photo_is_scaled_and_turned_before_it_is_sent_and_shown_as_a_picture(
    site: Site, village: Official
) -> None:
    village.finish(NAME, "入户核实", "verification")
    village.open_task(NAME, "签订承诺授权书")
    village.fill({"signed": "yes", "signers": NAME, "signed_on": site.day(0).isoformat()})
    said = village.page.locator(".upload-state .refused")
    choose(village, "一半.jpg", photo()[:200_000])
    said.wait_for()
    assert "没有传完整" in said.inner_text()
    choose(village, "IMG_1.HEIC", b"\0\0\0\x18ftypheic" + b"\0" * 400)
    village.page.wait_for_selector(".upload-state:has-text('兼容性最佳')")
    with village.page.expect_request(lambda request: request.url.endswith("/files")) as asked:
        choose(village, "微信图片", photo())
    shown = village.page.locator(".files li img")
    shown.wait_for()
    assert len(asked.value.post_data_buffer or b"") < 2_000_000
    assert b"Phone" not in (asked.value.post_data_buffer or b"")
    assert village.page.locator(".files li .attached").inner_text().strip() == "微信图片.jpg"
    url = village.page.locator(".files li a").get_attribute("href")
    kept = Image.open(io.BytesIO(village.page.request.get(site.address + str(url)).body()))
    assert kept.size == (1000, 2000) and not kept.getexif()
    assert "HEIC" not in village.page.locator(".upload-state").inner_text()
    choose(village, "微信图片.jpg", photo("WEBP"))
    village.page.locator(".files li", has_text="微信图片.webp").wait_for()
    assert "已办结" in village.submit()
    case = village.open_case(NAME)
    village.go(f"/cases/{case}/archive")
    village.page.wait_for_load_state("networkidle")
    assert village.page.locator(".attached img").count() == 2
    assert village.page.locator(".attached img").first.evaluate("image => image.naturalHeight") == 640
    paper = printed(village.page)
    assert any(page.images for page in paper.pages) and not overlaid(paper)
