"""Casework knows no household: another field plays a case on it, and the product's own stays on the shelf."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What became of the school's case, played in a process that has met no other field."""
    url = f"sqlite:///{tmp_path_factory.mktemp('school') / 'school.sqlite'}"
    command = [sys.executable, "-m", "tests.support.school", url]
    said = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=-1, check=True
    )
    return json.loads(said.stdout)


def test_a_case_of_another_field_goes_from_its_start_to_its_paper(played: Any) -> None:
    assert played["offered"] == ["meals"]
    assert played["case"] == ["李小花", "finished", "已供餐", "red", "2022-05-05"]
    assert played["history"] == ["start", "warning", "timer", "claim", "complete", "complete"]
    assert played["meals"] and played["broken"] == []
    number, title, rows = played["paper"]
    assert number == "城关镇供餐〔2022〕1号" and title.endswith("供餐学生") and rows == [["1", "李小花"]]


def test_people_hear_of_a_pupil_in_the_field_s_own_words(played: Any) -> None:
    assert played["fired"] == 2
    assert played["bell"] and all(
        line.startswith("学生李小花：") and "户" not in line for line in played["bell"]
    )


def test_nothing_of_the_product_s_own_field_was_needed(played: Any) -> None:
    assert played["rooms"] == ["engine.casework", "engine.flow", "engine.ground"]
