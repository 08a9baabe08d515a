"""The pictures of docs/screenshots, which docs/tour.md tells of: `python -m tests.screenshots [NAME…]`.

The demo's county at a fixed instant, so that two runs show the same. Needs what ./test needs, and a Chinese
font.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, sync_playwright
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile, RoleGrant, WorkItem
from engine.casework.portions.jobs import running
from engine.casework.supervision.figures import tally
from engine.ground.clock import CHINA, MovableClock
from engine.ground.database import create_engine, session_factory
from engine.migrations import schema
from engine.owners import drafting
from engine.prevention import installation
from engine.prevention.campaign import campaigns
from engine.prevention.campaign.reports import reports
from engine.prevention.demo import COUNTY, PASSWORD, hazards, populate
from engine.prevention.demo.driving import Factory
from engine.prevention.models import Finding, Hazard, Household, MatchingEntry, Notice
from engine.prevention.quality import runs
from engine.prevention.quality.correcting import asking
from engine.prevention.quality.sampling import drawing, samples
from tests.support import departments, foreign, papers
from tests.support.drawing import pick
from tests.support.server import Server, launch

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
NOW = datetime(2022, 5, 20, 10, 30, tzinfo=CHINA)
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "short": {"width": 1280, "height": 620},
    "lower": {"width": 1280, "height": 1060},
    "long": {"width": 1280, "height": 1180},
    "phone": {"width": 360, "height": 740},
    "sheet": {"width": 794, "height": 1123},  # A4, 210 × 297 mm at 96 dots an inch
}
SEVEN_DAYS = {
    "days after(notice.posted_on, 5)": "days after(notice.posted_on, 7)",
    "公示满5天": "公示满7天",
    "公示 5 天：张贴当日不计，满 5 天": "公示 7 天：张贴当日不计，满 7 天",
    "满 5 个整日": "满 7 个整日",
    "不少于 5 天": "不少于 7 天",
}
"""What the owner changes in the procedure of the notice."""
COLOURS = 128
"""Few enough for small files, enough for smooth letters."""


@dataclass(frozen=True)
class Picture:
    """What somebody of the demo sees at an address."""

    name: str
    username: str
    path: str
    """With the names of `county` in braces."""
    size: str = "desktop"
    prepare: Callable[[Page], None] = lambda page: None
    """What is done on the page before the picture is taken."""


# -- what people do on the pages
# --------------------------------------------------------------------------------------


def enter_clue(page: Page) -> None:
    """A neighbour reports an illness."""
    page.fill("[name=description]", "户主住院，自付费用较大。")
    page.check("[name=risks][value=illness]")
    page.check("[name=channel][value=cadre_check]")


def hold_review(page: Page) -> None:
    """The votes of the villagers' meeting, and the signed minutes."""
    for name, text in {
        "held_on": "2022-05-20",
        "place": "村委会会议室",
        "chair": "蒋国强",
        "attendance": "35",
        "favour": "33",
        "abstain": "2",
    }.items():
        page.fill(f"[name={name}]", text)
    page.check("[name=result][value=agreed]")
    minutes = FilePayload(name="评议记录.png", mimeType="image/png", buffer=written_page())
    page.set_input_files("input[name='file:minutes']", files=[minutes])
    page.wait_for_selector("input[type=hidden][name=minutes]", state="attached")


def written_page() -> bytes:
    """What a photo of the minutes looks like from afar."""
    paper = Image.new("RGB", (300, 400), (250, 249, 244))
    lines = ImageDraw.Draw(paper)
    for number, y in enumerate(range(40, 360, 20)):
        lines.line((30, y, 270 - 53 * number % 120, y), fill=(90, 90, 100), width=3)
    body = BytesIO()
    paper.save(body, "PNG")
    return body.getvalue()


def on_paper(page: Page) -> None:
    """As it comes out of the printer, with the margins of the pages' `@page`."""
    page.emulate_media(media="print")
    page.add_style_tag(
        content="body { padding: 20mm 18mm; } html { box-shadow: inset 0 0 0 1px #999; height: 100vh; }"
    )


def colour_by_time(page: Page) -> None:
    """Where cases take longest, in the part that all of them pass."""
    page.click("[role=tab] >> text=公示与异议")
    page.click("[data-by=p90]")
    page.wait_for_load_state("networkidle")
    page.click("[data-fit]")


def pick_limit(page: Page) -> None:
    """The timer whose days the owner changes."""
    page.wait_for_selector("[data-counter]:not([data-state=waiting])")
    pick(page, "notice_over")


CHOOSE = """key => {
  const editor = document.querySelector(".editor").editor;
  const field = editor.get("formFieldRegistry").getAll().find((one) => one.key === key);
  editor.get("selection").set(field);
}"""


def choose_result(page: Page) -> None:
    """The meeting's result with the rule that holds it to the votes."""
    page.wait_for_selector(".editor[data-state=ready]")
    page.evaluate(CHOOSE, "result")
    page.click("[data-properties] .bio-properties-panel-group-header >> text=核对规则")
    page.frame_locator("[data-frame]").locator("form").first.wait_for()


def see_both_drawings(page: Page) -> None:
    page.wait_for_selector("[data-compare][data-state=ready]")
    page.click("text=看全图")


LIST_HEAD = ("患者", "公民身份号码", "推送日期", "费用期", "个人负担", "诊断")
"""A medical insurance bureau's own words."""
OURS = {"name": "患者", "period": "费用期", "note": "诊断"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIST_NAME, FORM_NAME = "医保自付2022年4月.xlsx", "监测对象统计表.xlsx"


def upload_list(page: Page) -> None:
    """A department's list, with a number that is no number; checked, not let in yet."""
    rows = [
        (
            name,
            papers.id_number(f"4103251966010{at}001"),
            "2022-05-18",
            "2022年4月",
            30000 + 1500 * at,
            "住院",
        )
        for at, name in enumerate(("周大山", "吴秀英", "郑有田", "王玉梅", "冯保山"), 1)
    ]
    rows.append(("陈长河", "41032519800101123X", "2022-05-18", "2022年4月", 41000, "住院"))
    body = departments.sheet(*rows, head=LIST_HEAD)
    page.set_input_files("input[name=file]", files=[FilePayload(name=LIST_NAME, mimeType=XLSX, buffer=body)])
    page.click("button >> text=上传检查", no_wait_after=True)
    page.wait_for_selector("[name=column_name]")
    for key, heading in OURS.items():
        page.select_option(f"[name=column_{key}]", index=LIST_HEAD.index(heading) + 1)
    page.click("main button.btn-primary", no_wait_after=True)
    page.wait_for_selector("main >> text=哪里不对", timeout=60_000)


def ask_departments(page: Page) -> None:
    page.click("button >> text=送部门")
    page.wait_for_selector("table.requests")
    page.locator("summary", has_text="下载名单").first.click()


def fill_form(page: Page) -> None:
    """Another office's empty form, and what the register filled into it."""
    form = FilePayload(name=FORM_NAME, mimeType=XLSX, buffer=foreign.two_storeys())
    page.set_input_files("input[name=file]", files=[form])
    page.click("button >> text=上传空表")
    page.click("button >> text=都对，记住")
    with page.expect_download() as filled:
        page.click("button >> text=填好，下载")
    page.set_content(as_page(load_workbook(BytesIO(filled.value.path().read_bytes()))["统计表"]))


def as_page(sheet: Worksheet) -> str:
    """The first rows of a worksheet as a spreadsheet programme shows them."""
    spans = {area.coord.split(":")[0]: area for area in sheet.merged_cells.ranges}
    hidden = {cell for area in spans.values() for cell in area.cells} - {
        (area.min_row, area.min_col) for area in spans.values()
    }
    body = ""
    for row in sheet.iter_rows(max_row=SHEET_ROWS):
        body += "<tr>"
        for cell in row:
            if (cell.row, cell.column) not in hidden:
                area = spans.get(cell.coordinate)
                size = f' colspan="{area.size["columns"]}" rowspan="{area.size["rows"]}"' if area else ""
                tag = "th" if cell.font.b else "td"
                body += f"<{tag}{size}>{escape(str(cell.value if cell.value is not None else ''))}</{tag}>"
        body += "</tr>"
    return f"<style>{SHEET_STYLE}</style><table>{body}</table>"


SHEET_ROWS = 16
SHEET_STYLE = (
    "body { margin: 16px; font-family: sans-serif; font-size: 14px } "
    "table { border-collapse: collapse; width: 100% } "
    "td, th { border: 1px solid #999; padding: 6px 8px; text-align: center } th { background: #ddebf7 } "
    "tr:first-child th { background: none; font-size: 22px; border: 0 }"
)


def look_at_each_case(page: Page) -> None:
    """Put the draft into force, then ask what would become of the cases that run on the old version."""
    page.fill("#note", "豫防返贫〔2022〕3号：公示7天")
    page.click("main form .btn-primary")
    page.wait_for_url("**/procedures/public_notice")
    page.goto(page.url.replace("public_notice", "identification/versions/2/move"))
    page.click("text=逐件查看")
    page.wait_for_selector("nav.tabs", timeout=120_000)


PICTURES = (
    Picture("inbox-desktop", "xiangji", "/todo"),
    Picture("inbox-phone", "cunji", "/todo", "phone"),
    Picture("clue-phone", "cunji", "/clues/new?household={household}", "phone", enter_clue),
    Picture("review-desktop", "cunji", "/tasks/{review}", "desktop", hold_review),
    Picture("notice-sheet", "cunji", "/papers/notice?case={notice}", "sheet", on_paper),
    Picture("case-desktop", "xianji", "/cases/{case}", "long"),
    Picture("hazard-desktop", "xianji", "/hazards/{hazard}", "long"),
    Picture("watch-desktop", "xianji", "/watch"),
    Picture("supervision-desktop", "ducha", "/supervision"),
    Picture("heat-desktop", "ducha", "/statistics/diagram/identification", "long", colour_by_time),
    Picture("modeler-desktop", "liucheng", "/drafts/{seven_days}/diagram", "desktop", pick_limit),
    Picture(
        "form-editor-desktop", "liucheng", "/drafts/{review_form}/forms/appraisal", "desktop", choose_result
    ),
    Picture(
        "compare-desktop",
        "liucheng",
        "/procedures/public_notice/compare?from=1&to=draft-{seven_days}",
        "lower",
        see_both_drawings,
    ),
    Picture("move-desktop", "liucheng", "/drafts/{seven_days}/deploy", "desktop", look_at_each_case),
)
"""In this order: the last changes what is in force."""
CHECKED = (
    Picture(
        "departments-desktop",
        "xianji",
        "/imports/new/departments/410325000000-medical_insurance-medical_costs",
        "short",
        upload_list,
    ),
    Picture("matching-desktop", "bidui", "/matching/{matching}", "desktop", ask_departments),
    Picture("rules-desktop", "xianji", "/quality/rules"),
    Picture("finding-phone", "cunji", "/findings/{finding}", "phone"),
    Picture("sample-desktop", "shengji", "/samples/{sample}"),
    Picture("report-desktop", "shiji", "/reports/{report}", "lower"),
    Picture("form-desktop", "xiangji", "/register/forms", "short", fill_form),
)
"""In a county whose data was looked through, with a sample drawn and a report begun."""


# -- the pictures
# -----------------------------------------------------------------------------------------------------


def take(names: list[str]) -> None:
    """Write the pictures named, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        for at, pictures in enumerate((PICTURES, CHECKED)):
            wanted = [one for one in pictures if not names or one.name in names]
            if wanted:
                url = f"sqlite:///{folder}/demo-{at}.sqlite"
                with county(url, checked=pictures is CHECKED) as (address, numbers):
                    for picture in wanted:
                        draw(browser, address, picture, numbers)
        browser.close()


def draw(browser: Browser, address: str, picture: Picture, numbers: dict[str, int]) -> None:
    """Write one picture."""
    with visit(browser, address, picture.username, picture.size) as page:
        page.goto(address + picture.path.format(**numbers), wait_until="networkidle")
        picture.prepare(page)
        page.wait_for_load_state("networkidle")
        write_dates_in_chinese(page)
        save(page.screenshot(animations="disabled"), FOLDER / f"{picture.name}.png")


CHINESE_DATES = """() => document.querySelectorAll("input[type=date]").forEach((field) => {
  const day = field.value.replaceAll("-", "/");
  field.type = "text";
  field.value = day || "年/月/日";
})"""


def write_dates_in_chinese(page: Page) -> None:
    """As officials' browsers write them: a Chromium without windows knows no language but English."""
    for frame in page.frames:
        frame.evaluate(CHINESE_DATES)


@contextmanager
def county(url: str, *, checked: bool = False) -> Iterator[tuple[str, dict[str, int]]]:
    """The demo, answering at an address; with the numbers that the pictures' addresses need.

    `checked`: its data looked through.
    """
    clock = MovableClock(at=NOW)
    sessions = session_factory(create_engine(url))
    server = Server(url, clock)
    try:
        with sessions() as session:
            schema.upgrade(session.get_bind())  # type: ignore[arg-type]
            installation.install(session, NOW)
        populate(sessions, NOW)
        hazards.add(sessions, NOW)
        tally.catch_up(sessions, clock)
        with sessions() as session:
            work = {**open_work(session), **drafts(session)}
            if checked:
                work |= look_through(sessions, session, clock)
            yield server.address, work
    finally:
        server.stop()


def open_work(session: Session) -> dict[str, int]:
    """What waits in the demo."""
    review, decision = waiting(session, "appraise", "cunji"), waiting(session, "approve", "xianji")
    village = review.village_code
    notices = select(CaseFile).join(Notice).where(Notice.status == "open", CaseFile.village_code == village)
    notice = session.scalars(notices.order_by(Notice.id).limit(1)).one()
    ordinary = select(Household).where(Household.status == "ordinary", Household.village_code == village)
    household = session.scalars(ordinary.order_by(Household.id).limit(1)).one()
    return {
        "review": review.id,
        "case": decision.case_id,
        "notice": notice.id,
        "household": household.id,
        "hazard": session.scalars(select(Hazard.id)).one(),
    }


def look_through(sessions: Factory, session: Session, clock: MovableClock) -> dict[str, int]:
    """The county has its data looked through, the province draws a sample, the city begins its report."""
    runs.begin(session, account(session, "xianji"), COUNTY, clock)
    running.run_all(sessions, clock)
    while asking.ask(sessions, clock):
        continue
    typed = samples.Typed("410000000000", "五月数据质量抽查", ["status"], ["ordinary", "monitored"], 5)
    sample = samples.announce(session, account(session, "shengji"), typed, clock=clock)
    drawing.draw(session, sample.id, clock)
    period = (date(2022, 4, 20), date(2022, 5, 20), date(2022, 5, 30))
    campaigns.begin(session, account(session, "xianji"), COUNTY, "集中排查", *period[:2], clock=clock)
    begun = reports.Typed("410300000000", "洛阳市2022年防返贫集中排查总结报告", *period)
    report = reports.begin(session, account(session, "shiji"), begun, clock=clock)
    near = Finding.village_code == account(session, "cunji").grants[0].division_code
    finding = session.scalars(select(Finding.id).where(near).order_by(Finding.id).limit(1)).one()
    some = (
        select(MatchingEntry.batch_id)
        .where(MatchingEntry.status == "waiting")
        .group_by(MatchingEntry.batch_id)
    )
    batch = session.scalars(some.order_by(func.count().desc(), MatchingEntry.batch_id).limit(1)).one()
    return {"sample": sample.id, "report": report.id, "finding": finding, "matching": batch}


def account(session: Session, username: str) -> Account:
    return session.scalars(select(Account).where(Account.username == username)).unique().one()


def drafts(session: Session) -> dict[str, int]:
    """What the process owner is about to change."""
    owner = session.scalars(select(Account).where(Account.username == "liucheng")).one()
    body = (installation.ROOT / "bpmn" / "public_notice.bpmn").read_text()
    for old, new in SEVEN_DAYS.items():
        body = body.replace(old, new)
    seven = drafting.create(
        session, owner, name="公示改为7天", procedure_key="public_notice", body=body.encode(), now=NOW
    )
    form = drafting.create(session, owner, name="民主评议的表单", procedure_key="identification", now=NOW)
    return {"seven_days": seven.id, "review_form": form.id}


def waiting(session: Session, element_id: str, username: str) -> WorkItem:
    """The first open item of a step in an official's queue."""
    owned = select(RoleGrant.division_code).join(Account).where(Account.username == username)
    place = session.scalars(owned).one()
    within = place.rstrip("0") if place.endswith("000") else place
    query = select(WorkItem).where(
        WorkItem.element_id == element_id,
        WorkItem.status == "open",
        WorkItem.village_code.startswith(within),
    )
    return session.scalars(query.order_by(WorkItem.id).limit(1)).one()


@contextmanager
def visit(browser: Browser, address: str, username: str, size: str) -> Iterator[Page]:
    """A window of somebody signed in."""
    context = browser.new_context(viewport=SIZES[size], locale="zh-CN", has_touch=size == "phone")
    page = context.new_page()
    page.goto(f"{address}/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/todo")
    yield page
    context.close()


def save(body: bytes, file: Path) -> None:
    """Write a PNG with few colours."""
    image = Image.open(BytesIO(body)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    take(sys.argv[1:])
