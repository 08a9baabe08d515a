"""Many households of a county, brought to the county's desk through the engine:
what the tests of lists begin with.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from engine.casework import acts
from engine.casework.models import CaseFile, WorkItem
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords
from engine.ground.database import write
from engine.prevention.identification import entering
from tests.support import papers
from tests.support.template import COUNTY, PASSWORD, START
from tests.support.world import World

VILLAGES = ("410325103202", "410325103203", "410325103204", "410325102201", "410325102202")
"""Villages of two townships."""
NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
GIVEN = ("建国", "秀英", "有田", "玉梅", "保山", "桂兰", "长河", "金凤", "满仓", "春花")


def helpers(world: World) -> None:
    """One official who does the villages' work in all of the county, one who does the townships'."""
    password = passwords.hash_password(PASSWORD)
    with write(world.session):
        for username, name, role in (
            ("cuncun", "村总", "village_official"),
            ("xiangxiang", "乡总", "township_reviewer"),
        ):
            account = accounts.create(world.session, username, name, password, START)
            accounts.grant(world.session, account, role, COUNTY)


def enter(world: World, count: int, villages: Sequence[str] = VILLAGES) -> list[CaseFile]:
    """Clues about `count` new households, in turn in each village; all names differ."""
    cases = []
    village = world.official("cuncun")
    for index in range(count):
        name = NAMES[index % 20] + GIVEN[index // 20]
        number = papers.id_number(f"419901{1950 + index % 40}0101{index * 2 + 1:03d}")
        data = papers.clue(
            world.today, name, villages[index % len(villages)], id_number=number, address=f"{index}号"
        )
        found = entering.enter(world.session, village, data, clock=world.clock, confirmed_new=True)
        assert found.case is not None
        cases.append(found.case)
    return cases


def finish_all(world: World, element_id: str, username: str) -> None:
    """Everybody's open item of a step is finished with valid data."""
    official = world.official(username)
    query = select(WorkItem).where(WorkItem.element_id == element_id, WorkItem.status == "open")
    for item in list(world.session.scalars(query.order_by(WorkItem.id))):
        needs_file = item.form_key in ("authorisation", "appraisal", "notice", "announcement")
        data = papers.paper(item.form_key, world.today, world.upload(username, item) if needs_file else "")
        if item.form_key == "verification":
            case = world.session.get_one(CaseFile, item.case_id)
            data["members"] = papers.family(case.subject, case.household.head_id_number)
        acts.complete(world.session, official, item.id, data, clock=world.clock)


def to_notice(world: World, count: int, villages: Sequence[str] = VILLAGES) -> list[CaseFile]:
    """Households whose notice hangs from today."""
    helpers(world)
    cases = enter(world, count, villages)
    for element_id, username in (
        ("verify", "cuncun"),
        ("sign", "cuncun"),
        ("submit_batch", "xiangxiang"),
        ("run_matching", "xian2"),
        ("appraise", "cuncun"),
        ("post_notice", "cuncun"),
    ):
        finish_all(world, element_id, username)
    return cases


def to_review(world: World, count: int, villages: Sequence[str] = VILLAGES) -> list[CaseFile]:
    """Households whose notice has hung unopposed: on the township's desk on day 6."""
    cases = to_notice(world, count, villages)
    world.go_to(world.number + 6)
    finish_all(world, "end_notice", "cuncun")
    return cases


def to_approval(world: World, count: int, villages: Sequence[str] = VILLAGES) -> list[CaseFile]:
    """Households that the township has approved: on the county's desk on day 6."""
    cases = to_review(world, count, villages)
    finish_all(world, "review", "xiangxiang")
    return cases
