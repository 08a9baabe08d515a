"""What is wrong with a province's data is named with file, line and column, all at once, before anything is
stored.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import tests.support.field  # noqa: F401  limits are its law
from engine.prevention.installation import province
from engine.prevention.installation.files import Refused
from tests.support import provinces
from tests.support.provinces import BODIES, CALENDAR, DIVISIONS, parameters

TODAY = date(2022, 5, 5)


def faults(path: Path) -> list[str]:
    """What is said of the data at a path."""
    try:
        province.read(path, TODAY)
    except Refused as error:
        assert len(error.faults) == error.message.count("\n")
        return [str(fault) for fault in error.faults]
    return []


def wrong(tmp_path: Path, **files: str | None) -> list[str]:
    return faults(provinces.folder(tmp_path / "p", **files))


LINE = provinces.PARAMETERS["lines"][0]
CASES: list[tuple[dict[str, str | None], str]] = [
    (
        {"divisions": DIVISIONS.replace("520381100201,青", "52038110020,青")},
        "divisions.csv 第 6 行“code”：“52038110020”不是 12 位",
    ),
    (
        {"divisions": DIVISIONS + "520381100202,再来一村,village,520381100000,\n"},
        "第 17 行“code”：520381100202 在第 7 行已经写过",
    ),
    (
        {"divisions": DIVISIONS.replace("520381100000,石门镇,township,520381000000,\n", "")},
        "“parent”：表里没有上级 520381100000",
    ),
    (
        {"divisions": DIVISIONS + "410381100202,外省村,village,520381100000,\n"},
        "第 17 行“code”：410381100202 是另一个省的",
    ),
    (
        {"divisions": DIVISIONS + "520381100203,直村,village,520381000000,\n"},
        "上级 520381000000 是县级，应当是乡级",
    ),
    ({"divisions": DIVISIONS + "520381100203,错村,village,520381200000,\n"}, "上级按代码应当是 520381100000"),
    (
        {"divisions": DIVISIONS + "520381300000,错级,village,520381100000,\n"},
        "按位数是乡级，级别写的是 village",
    ),
    ({"divisions": DIVISIONS + "520381100203,,village,520381100000,\n"}, "第 17 行“name”：名称要有"),
    ({"divisions": DIVISIONS + "520381100203,新村,hamlet,520381100000,\n"}, "“level”：“hamlet”不是级别"),
    ({"divisions": DIVISIONS + "520381100203,新村,village,520381100000,town\n"}, "“kind”：“town”不是类别"),
    (
        {"divisions": DIVISIONS.replace("520000000000,贵州省,province,,\n", "")},
        "没有省级的一行：520000000000",
    ),
    ({"divisions": "代码,名称\n1,2\n"}, "divisions.csv 第 1 行：缺少列：level、parent"),
    ({"divisions": ""}, "divisions.csv：文件是空的"),
    ({"divisions": None}, "divisions.csv：没有这个文件"),
    ({"province": None}, "province.json：没有这个文件"),
    ({"province": '{"code": 1,}'}, "province.json 第 1 行“第 12 列”：不是 JSON：这里应当是带双引号的名称"),
    ({"province": '{"code": "5", "code": "5"}'}, "“code”写了两次"),
    ({"province": "[]"}, "province.json 第 1 行：应当是对象"),
    ({"province": parameters(code="520300000000")}, "两位数字加十个 0"),
    ({"province": parameters(name=None)}, "province.json 第 1 行“name（第 1 列）”：应当是 2 到 80 字"),
    ({"province": parameters(limit=[])}, "不认识“limit”"),
    (
        {"province": parameters(limits=[{"clause": "R99", "days": 3}])},
        "没有这一条期限；有：R10、R15、R19、R29",
    ),
    (
        {"province": parameters(limits=[{"clause": "R15", "days": 0}])},
        "limits.0.days（第 15 列）”：应当是 1 到 366",
    ),
    ({"province": parameters(limits=[{"clause": "R15", "days": True}])}, "limits.0.days"),
    ({"province": parameters(limits=[{"clause": "R15", "days": 20}])}, "20 天比它宽，须写明文件名称和文号"),
    (
        {"province": parameters(limits=[{"clause": "R10", "days": 3, "document": "没有文号的文件"}])},
        "3 天比它宽",
    ),
    ({"province": parameters(limits=[{"clause": "R15", "days": 12}] * 2)}, "R15 写了两次"),
    ({"province": parameters(lines=[LINE, LINE])}, "同一天起执行的写了两条"),
    (
        {"province": parameters(lines=[{**LINE, "effective_from": "2022-06-01"}])},
        "没有一条在今天（2022-05-05）以前",
    ),
    ({"province": parameters(lines=[{**LINE, "effective_from": "2022-02-30"}])}, "应当是日期"),
    ({"province": parameters(lines=[{**LINE, "year": 2021}])}, "应当是 2021 年的一天"),
    ({"province": parameters(lines=[{**LINE, "amount": 690}])}, "应当是 1,000 到 100,000 的整数"),
    ({"province": parameters(settings={"matching.reuse_months": -1})}, "settings.matching.reuse_months"),
    (
        {"bodies": BODIES + "520381100299,村（居）委会,某村,,,\n"},
        "bodies.csv 第 6 行“division_code”：区划表里没有 520381100299",
    ),
    (
        {"bodies": BODIES + "520381100202,监督电话,,,12345,\n"},
        "第 6 行“kind”：这一级没有这种单位；可用：committee",
    ),
    ({"bodies": BODIES + "520381100202,村（居）委会,某村,,12a,\n"}, "第 6 行“phone”：电话"),
    ({"bodies": BODIES + "520381200000,政府、办事处,某管委会,石镇,,\n"}, "代字“石镇”520381100000 已在用"),
    ({"bodies": BODIES + BODIES.splitlines()[1] + "\n"}, "同一单位写了两次"),
    ({"calendar": CALENDAR + "2022-13-01,休,,\n"}, "calendar.csv 第 4 行“day”：“2022-13-01”不是日期"),
    ({"calendar": CALENDAR + "2022-05-12,班,,\n"}, "第 4 行“day”：2022-05-12 写了两次"),
    ({"calendar": CALENDAR + "2022-05-15,放,,\n"}, "应当是“休”或“班”"),
]


@pytest.mark.duty("R01")
@pytest.mark.parametrize(("files", "sentence"), CASES)
def test_a_fault_is_named_where_it_stands(
    tmp_path: Path, files: dict[str, str | None], sentence: str
) -> None:
    found = wrong(tmp_path, **files)
    assert any(sentence in one for one in found), found


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    found = wrong(
        tmp_path,
        province=parameters(name=None, code="x", limits=[{"clause": "R15", "days": 0}]),
        divisions=DIVISIONS.replace("520381100201", "5203").replace("village", "hamlet"),
        calendar=CALENDAR + "x,休,,\n",
    )
    assert len(found) >= 8 and {re.split(" |：", one)[0] for one in found} == {
        "province.json",
        "divisions.csv",
        "calendar.csv",
        "bodies.csv",
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("packed", ["folder", "zip", "zip in a folder", "gz"])
def test_the_same_data_however_it_is_written_and_packed(tmp_path: Path, encoding: str, packed: str) -> None:
    folder = provinces.folder(tmp_path / "p")
    plain = province.read(folder, TODAY)
    for file in folder.iterdir():
        file.write_bytes(file.read_text().replace("\n", "\r\n").encode(encoding))
    path = folder
    if packed == "gz":
        for file in list(folder.glob("*.csv")):
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
    elif packed != "folder":
        path, inner = tmp_path / "p.zip", "" if packed == "zip" else "贵州/"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("说明.txt", "不用")
            for file in folder.iterdir():
                archive.write(file, f"{inner}{file.name}")
    found = province.read(path, TODAY)
    assert (found.parameters, found.divisions) == (plain.parameters, plain.divisions)
    assert (found.bodies, found.days) == (plain.bodies, plain.days)


def test_a_zip_that_is_none_or_leads_outside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(b"PK\x03\x04 nothing")
    assert faults(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../province.json", "{}")
    assert "路径不正常" in faults(path)[0]


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [1], {"x": 1}, True, 1e999, "\x00", "９" * 5000])
@pytest.mark.parametrize("key", list(provinces.PARAMETERS))
def test_whatever_stands_in_the_file_gets_a_sentence(tmp_path: Path, key: str, value: Any) -> None:
    text = json.dumps({**provinces.PARAMETERS, key: value}, ensure_ascii=False)
    for sentence in wrong(tmp_path, province=text):
        assert "：" in sentence and len(sentence) < 400
