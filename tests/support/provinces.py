"""A province that nobody wired in: its folder of data, small and invented, and a world in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords
from engine.ground.clock import local_date
from engine.ground.database import create_engine, session_factory, write
from engine.migrations import schema
from engine.prevention import installation
from engine.prevention.installation import province
from tests.support.template import PASSWORD, START

CODE, COUNTY, TOWNSHIP, VILLAGE = "520000000000", "520381000000", "520381100000", "520381100201"
BARE_CITY, BARE_VILLAGE = "520400000000", "520400100201"
"""A city without districts, and a village of it."""
OWN_COUNTY, OWN_VILLAGE = "529001000000", "529001100201"
"""A county that the province governs itself."""
LIMITS: list[dict[str, Any]] = [
    {"clause": "R15", "days": 20, "document": "黔乡振〔2022〕5号"},
    {"clause": "R10", "days": 7},
]
PARAMETERS: dict[str, Any] = {
    "code": CODE,
    "name": "贵州省",
    "plan": "贵州省2022年防止返贫监测帮扶工作方案",
    "edition": "2022-01-01",
    "office_word": "农业农村局",
    "national": {"name": "国家主管局", "valid_from": "2021-02-25"},
    "lines": [
        {
            "year": 2022,
            "amount": 7300,
            "effective_from": "2022-01-01",
            "basis": "按上年农村居民人均可支配收入增长幅度确定",
            "document": "黔乡振〔2022〕3号",
        }
    ],
    "limits": LIMITS,
    "settings": {"matching.reuse_months": 6},
}
DIVISIONS = """code,name,level,parent,kind
520000000000,贵州省,province,,
520300000000,遵义市,city,520000000000,
520381000000,赤水县,county,520300000000,
520381100000,石门镇,township,520381000000,
520381100201,青山村村民委员会,village,520381100000,
520381100202,白云村村民委员会,village,520381100000,
520381200000,河滨管理区,township,520381000000,zone
520381200001,滨河社区居民委员会,village,520381200000,
520400000000,安平市,city,520000000000,
520400100000,东湖镇,township,520400000000,
520400100201,东湖村村民委员会,village,520400100000,
529000000000,自治区直辖县级行政区划,city,520000000000,
529001000000,南明县,county,529000000000,
529001100000,北坡乡,township,529001000000,
529001100201,北坡村村民委员会,village,529001100000,
"""
BODIES = """区划代码,单位类别,名称,代字,电话,盖章
520381100201,村（居）委会,青山村村民委员会,,0851-22000001,
520381100000,政府、办事处,石门镇人民政府,石镇,0851-22000002,
520381000000,主管部门,赤水县农业农村局,赤农,0851-22000003,line
520000000000,监督电话,,,12317,
"""
CALENDAR = """day,kind,name,source
2022-05-12,休,三月三,黔府办函〔2022〕1号
2022-05-14,班,三月三调休,黔府办函〔2022〕1号
"""
OFFICIALS = (
    ("cun", "村甲", "village_official", VILLAGE),
    ("cun2", "村乙", "village_official", VILLAGE),
    ("xiang", "乡甲", "township_reviewer", TOWNSHIP),
    ("xian", "县甲", "county_approver", COUNTY),
    ("xian2", "县乙", "county_approver", COUNTY),
    ("shi", "市甲", "city_reviewer", "520300000000"),
    ("sheng", "省甲", "province_reviewer", CODE),
    ("sheng2", "省乙", "province_reviewer", CODE),
    ("liucheng", "流甲", "process_owner", CODE),
    ("xitong", "系统甲", "account_admin", CODE),
    ("shicun", "市村", "village_official", BARE_VILLAGE),
    ("shixiang", "市乡", "township_reviewer", "520400100000"),
    ("shixian", "市县", "county_approver", BARE_CITY),
    ("shixian2", "市县乙", "county_approver", BARE_CITY),
    ("nancun", "南村", "village_official", OWN_VILLAGE),
)


def folder(path: Path, **files: str | None) -> Path:
    """The province's folder, with some files otherwise; None leaves one out."""
    path.mkdir(parents=True, exist_ok=True)
    every = {
        "province": json.dumps(PARAMETERS, ensure_ascii=False, indent=2),
        "divisions": DIVISIONS,
        "bodies": BODIES,
        "calendar": CALENDAR,
        **files,
    }
    for name, words in every.items():
        suffix = "json" if name == "province" else "csv"
        if words is not None:
            (path / f"{name}.{suffix}").write_text(words)
    return path


def parameters(**changes: Any) -> str:
    """``province.json`` with some of its keys otherwise; None leaves one out."""
    given = {key: value for key, value in {**PARAMETERS, **changes}.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, indent=2)


def build(url: str, path: Path) -> None:
    """Install the province of a folder into an empty database at `url`, and add its officials."""
    engine = create_engine(url)
    schema.upgrade(engine)
    with session_factory(engine)() as session:
        installation.install(session, START, province.read(path, local_date(START)))
        password = passwords.hash_password(PASSWORD)
        with write(session):
            for username, name, role, division in OFFICIALS:
                account = accounts.create(session, username, name, password, START)
                accounts.grant(session, account, role, division)
    engine.dispose()
