"""GB 11643, from its published example and hand-made wrong ones."""

from __future__ import annotations

from datetime import date

import pytest

from engine.ground import idnumber

TODAY = date(2022, 5, 5)


def test_the_standards_own_example() -> None:
    assert idnumber.check_digit("11010519491231002") == "X"
    for spelled in (
        "11010519491231002x",
        "110105 1949 1231 002×",
        "１１０１０５１９４９１２３１００２Ｘ",
        "\u202d11010519491231002X\u200b",
    ):
        assert idnumber.validate(spelled, TODAY) == "11010519491231002X"
    assert (idnumber.sex("11010519491231002X"), idnumber.birth_date("11010519491231002X")) == (
        "female",
        date(1949, 12, 31),
    )
    assert idnumber.validate("11010519491231002X43", TODAY).endswith("43")  # a disability certificate


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("110105194912310021", "校验位"),
        ("11010519491331002X", "不存在"),
        ("1101051949123100", "18 位"),
        ("11010520991231002X", "不合理"),
        ("1101051949123100AX", "只能是数字"),
        ("1101051949123100²X", "只能是数字"),
        ("110105194912310٠2X", "只能是数字"),
    ],
)
def test_wrong_numbers(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        idnumber.validate(text, TODAY)


def test_masking() -> None:
    assert idnumber.mask("11010519491231002X") == "110***********002X"
