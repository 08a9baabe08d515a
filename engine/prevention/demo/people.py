"""Invented households: names, unassignable ID numbers, incomes that follow a plausible distribution."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from engine.ground.idnumber import check_digit

REGION = "419901"
"""No division ever had this code: the numbers are valid in form and belong to nobody."""
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
MALE = "建国 志强 永福 德明 长海 保军 铁柱 根生 文斌 世杰 红军 国庆 新民 继光 振华 大勇 小龙 浩然 子轩 宇航".split()
FEMALE = "秀英 桂兰 玉梅 春花 素珍 爱莲 巧云 喜凤 冬梅 小红 丽娟 晓燕 雅静 佳怡 梦瑶 欣然 雨桐 诗涵 思琪 彩霞".split()
GROUPS = "一组 二组 三组 四组 五组 六组".split()
ROADS = "东沟 西坡 南岭 北寨 河湾 槐树坪 石板街 上庄 下庄 桃园".split()
TYPES = (
    ("ordinary", 62),
    ("lifted_with_policy", 22),
    ("lifted_without_policy", 6),
    ("allowance", 8),
    ("destitute", 2),
)
RISKS = (
    "illness",
    "disability",
    "schooling",
    "unstable_work",
    "lack_of_labour",
    "accident",
    "natural_disaster",
    "income_drop",
)


@dataclass(frozen=True)
class Family:
    """An invented household before it is registered."""

    head_name: str
    id_number: str
    group_name: str
    address: str
    phone: str
    household_type: str
    members: list[dict[str, Any]]
    per_capita: int
    risks: list[str] = field(default_factory=list)


def id_number(random: Random, born: date, male: bool) -> str:
    """A number that passes the check digit and that no registry can have issued."""
    order = random.randrange(100, 999)
    order += (order % 2 == 1) != male
    first = f"{REGION}{born:%Y%m%d}{min(order, 998) if not male else order:03d}"[:17]
    if (int(first[16]) % 2 == 1) != male:
        first = first[:16] + str((int(first[16]) + 1) % 10)
    return first + check_digit(first)


def family(random: Random, today: date) -> Family:
    """One household: a head, usually a spouse, children and sometimes a parent."""
    surname = random.choice(SURNAMES)
    age = random.randint(34, 72)
    people = [_member(random, today, surname, age, True, "head")]
    if random.random() < 0.8:
        people.append(
            _member(random, today, random.choice(SURNAMES), age - random.randint(0, 4), False, "spouse")
        )
    for _ in range(random.choice((0, 1, 1, 2, 2, 3))):
        male = random.random() < 0.5
        child = max(1, age - random.randint(22, 32))
        people.append(_member(random, today, surname, child, male, "son" if male else "daughter"))
    if age < 60 and random.random() < 0.35:
        people.append(
            _member(random, today, surname, age + random.randint(20, 28), random.random() < 0.4, "mother")
        )
    kind = random.choices([name for name, _ in TYPES], [weight for _, weight in TYPES])[0]
    return Family(
        head_name=people[0]["name"],
        id_number=people[0]["id_number"],
        group_name=random.choice(GROUPS),
        address=f"{random.choice(ROADS)}{random.randint(1, 199)}号",
        phone=f"199{random.randrange(10**8):08d}",
        household_type=kind,
        members=people,
        per_capita=max(2600, int(random.lognormvariate(9.35, 0.42))),
        risks=random.sample(RISKS, random.choice((1, 1, 2))),
    )


def _member(random: Random, today: date, surname: str, age: int, male: bool, relation: str) -> dict[str, Any]:
    if relation == "mother" and male:
        relation = "father"
    born = today - timedelta(days=age * 365 + random.randrange(360))
    working = 16 < age < 66
    row: dict[str, Any] = {
        "name": surname + random.choice(MALE if male else FEMALE),
        "sex": "male" if male else "female",
        "id_type": "id_card",
        "id_number": id_number(random, born, male),
        "relation": relation,
        "health": random.choices(("healthy", "chronic", "serious", "disabled"), (80, 12, 4, 4))[0],
        "labour": "ordinary" if working else "none",
        "medical_insurance": "yes",
    }
    if age < 6:
        row["schooling"] = "preschool_age"
    elif age < 22 and relation in ("son", "daughter"):
        row["schooling"] = (
            "primary" if age < 12 else "junior" if age < 15 else "senior" if age < 18 else "bachelor"
        )
        row["labour"] = "none" if age < 16 else row["labour"]
    else:
        row["education"] = random.choice(("primary", "junior", "junior", "senior"))
    if working and relation != "spouse" and random.random() < 0.4 and "schooling" not in row:
        row["work_place"], row["work_months"] = (
            random.choice(("县内", "郑州", "洛阳", "浙江", "广东")),
            random.randint(3, 11),
        )
    return row
