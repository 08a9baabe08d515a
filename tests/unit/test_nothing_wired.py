"""Nothing of one province or one year is wired in: what is a province's lies in its data (R01)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.prevention.installation import ROOT

FOLDERS = ("engine", "web", "bpmn", "forms_json")
KINDS = (".py", ".bpmn", ".dmn", ".json", ".html", ".js", ".mjs", ".css", ".typ", ".mako")
ELSEWHERE = (
    "engine/prevention/demo/",
    "engine/prevention/installation/data/",
    "web/bench/",
    "web/static/dist/",
)
"""The carried province's data, and what shows or measures the product on it by purpose."""
FORMER = {
    "engine/migrations/versions/0022_second_province.py",
    "engine/migrations/versions/0001_release_0_1_0.py",
}
"""What brings a database of the first release along says what that release had wired in."""
WIRED = re.compile(
    "河南|嵩县|洛阳|郑州|济源|豫|410[0-9]{3}|(?<![0-9])41[0-9]{10}|6[,，]?900|乡村振兴局|HENAN|henan|FIRST_LINE"
)
BY_NAME = {"web/templates/office/login.html"}


def shipped() -> list[Path]:
    """Every file of the product that is not a test."""
    files = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")))
    return [path for path in files if path.suffix in KINDS and ".test." not in path.name]


@pytest.mark.duty("R01")
def test_no_place_amount_or_bureau_of_one_province_is_wired_in() -> None:
    found = []
    for path in shipped():
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(ELSEWHERE) or name in FORMER | BY_NAME:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if WIRED.search(line):
                found.append(f"{name}:{number}: {line.strip()[:80]}")
    assert found == []
