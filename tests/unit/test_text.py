"""The normal forms of what people type: every spelling of one value reads alike,
and nothing else is taken for it.
"""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ground import text
from engine.ground.idnumber import check_digit

ANY = st.text(st.characters(codec=None), max_size=40)
UNSEEN = "\u200b\u200d\u200e\u202a\u202d\u2060\ufeff\u00ad\u2066\u0000\ud800\U000e0041"
CARD = "11010519491231002X"


def strewn(value: str, seed: int, extra: str) -> str:
    """`value` with characters of `extra` put in anywhere."""
    chance = random.Random(seed)
    return "".join(chance.choice(["", chance.choice(extra)]) + letter for letter in value) + chance.choice(
        extra
    )


def wide(value: str) -> str:
    """`value` in full width."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in value)


@given(ANY)
def test_every_normal_form_is_its_own_normal_form(typed: str) -> None:
    for form in (text.line, text.paragraphs, text.half, text.key, text.username, text.ungrouped):
        assert form(form(typed)) == form(typed), form
    for read in (text.identity, text.phone, text.day, text.number):
        value = read(typed)
        assert value is None or read(value) == value, read


@given(ANY)
def test_what_is_stored_has_nothing_invisible_and_can_be_stored(typed: str) -> None:
    for stored in (text.line(typed), text.paragraphs(typed)):
        stored.encode()
        kinds = {unicodedata.category(letter) for letter in stored.replace("\n", "")}
        assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"} and stored == stored.strip()
    assert "\n" not in text.line(typed)


@given(ANY, st.integers())
def test_what_looks_the_same_has_the_same_key(typed: str, seed: int) -> None:
    assert text.key(strewn(typed, seed, UNSEEN + "\u3000 \xa0\u2009\ufe0f")) == text.key(typed)
    assert text.key(unicodedata.normalize("NFD", typed)) == text.key(typed)


def test_what_is_written_in_one_way_only_is_its_own_key() -> None:
    letters = "".join(map(chr, range(0x4E00, 0xA000))) + "0123456789abcdefghijklmnopqrstuvwxyz·-"
    assert text._folded(letters.translate(text._ALIKE)).translate(text._ALIKE) == letters
    assert not any(map(unicodedata.combining, letters))  # so no letter changes with those beside it
    assert all(text._ONE_WAY.match(one) for one in ("", letters, "王伟", "阿依古丽·买买提", "3号楼2-501"))
    assert not any(map(text._ONE_WAY.match, ("王伟\n", "王 伟", "Li", "⻢伟", "王伟\ufe00", "１号", "王.伟")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王伟", "王　伟"),
        ("王伟", " 王 伟\u200b"),
        ("王伟", "王\x0b伟"),
        ("阿依古丽·买买提", "阿依古丽•买买提"),
        ("阿依古丽·买买提", "阿依古丽・买买提"),
        ("阿依古丽·买买提", "阿依古丽‧买买提"),
        ("阿依古丽·买买提", "阿依古丽･买买提"),
        ("阿依古丽·买买提", "阿依古丽 · 买买提"),
        ("阿依古丽·买买提", "阿依古丽．买买提"),
        ("阿依古丽·买买提", "阿依古丽∙买买提"),
        ("马龙", "⻢⻰"),
        ("一组12号", "⼀组１２号"),
        ("东沟3-2号", "东沟３－２号"),
        ("Anna", "ＡＮＮＡ"),
        ("葛\U000e0100", "葛"),
    ],
)
def test_names_and_addresses_by_their_key(one: str, other: str) -> None:
    assert text.key(one) == text.key(other)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("张三", "张三"),
        (" 张 三\n", "张三"),
        ("张\u3000三", "张三"),
        ("张\u200b三", "张三"),
        ("买ᐧ提", "买·提"),  # a letter by its category
        ("阿依古丽 . 买买提", "阿依古丽·买买提"),
        ("Anna  Maria", "Anna Maria"),
        ("Anna", "Anna"),
    ],
)
def test_a_name_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert text.name(typed) == stored == text.name(stored)


def test_different_names_keep_different_keys() -> None:
    assert len({text.key(name) for name in ("王伟", "王炜", "汪伟", "王·伟", "王伟伟")}) == 5


def test_the_spelling_is_kept() -> None:
    for spelled in ("王　伟", "阿依古丽•买买提", "（东沟）１２号，三组", "𡛟𨭎", "葛\U000e0100"):
        assert text.line(f" \u202d{spelled}\u200b\x0b") == spelled
    assert text.paragraphs("一\r\n二\x0b三\u2029四\x0c五\x85六") == "一\n二\n三\n四\n五\n六"


# -- ID numbers ------------------------------------------------------------------------------------

CARDS = st.from_regex(
    r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True
)


@given(CARDS, st.sampled_from(["", "43", "11", "17B2"]), st.integers())
def test_an_id_number_reads_alike_however_it_is_spelled(first17: str, suffix: str, seed: int) -> None:
    number = first17 + check_digit(first17) + suffix
    spellings = [
        strewn(number, seed, UNSEEN),
        strewn(number, seed, " -　\xa0–"),
        wide(number),
        number.lower(),
    ]
    if "X" in number:
        spellings += [number.replace("X", cross) for cross in "xX×✕хХⅩ"] + [wide(number.lower())]
    assert {text.identity(one) for one in spellings} == {number}


@given(st.one_of(ANY, st.from_regex(r"[0-9Xx×٣²①]{15,23}", fullmatch=True)))
def test_what_is_no_id_number_is_not_made_one(typed: str) -> None:
    found = text.identity(typed)
    seen = [c for c in unicodedata.normalize("NFKC", typed) if c.isascii() and c.isdigit()]
    assert found is None or [c for c in found if c.isdigit()] == seen


@pytest.mark.parametrize(
    "typed",
    [
        "",
        CARD[:-1],
        CARD + "0",
        "X" + CARD[1:],
        CARD[:5] + "×" + CARD[6:],
        CARD[:16] + "²X",
        CARD[:16] + "٣X",
        CARD + "18B2",
    ],
)
def test_no_id_number(typed: str) -> None:
    assert text.identity(typed) is None


# -- phones, numbers, days, keys -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("+8613812345678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("＋８６ １３８１２３４５６７８", "13812345678"),
        ("008613812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("(+86)13812345678", "13812345678"),
        ("\u202d13812345678\u202c", "13812345678"),
        ("0391-2688888", "0391-2688888"),
        ("03912688888", "0391-2688888"),
        ("（0391）2688888", "0391-2688888"),
        ("0391 268 8888", "0391-2688888"),
        ("+86 391 2688888", "0391-2688888"),
        ("010-88886666", "010-88886666"),
        ("0371—65506666", "0371-65506666"),
    ],
)
def test_phones(typed: str, stored: str) -> None:
    assert text.phone(typed) == stored == text.phone(stored)


@pytest.mark.parametrize(
    "typed", ["", "138", "238 1234 5678", "138123456789", "٠١٢٣٤٥٦٧٨٩١", "1381234567²", "无", "9" * 10**5]
)
def test_no_phone(typed: str) -> None:
    assert text.phone(typed) is None


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12000", 12000),
        ("１２０００", 12000),
        ("12,000", 12000),
        ("１２，０００", 12000),
        ("12 000", 12000),
        ("12000元", 12000),
        ("12,000.50 元", "12000.5"),
        ("￥12000", 12000),
        ("\u200b12000\u202c", 12000),
        ("-5", -5),
        ("－5", -5),
        ("−5", -5),
        ("+5", 5),
        (".5", "0.5"),
        ("007", 7),
        (12000, 12000),
        (0.1, "0.1"),
    ],
)
def test_numbers(typed: object, value: object) -> None:
    assert text.number(typed, "元") == Decimal(str(value))


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1_000",
        "٣",
        "²",
        "①",
        "1,2",
        "1,0000",
        "1 2",
        "12万",
        "1e5",
        "NaN",
        "Infinity",
        "0x10",
        "1.2.3",
        "--5",
        "5-",
        ".",
        "12000人",
        "一万",
        True,
        None,
        float("nan"),
        float("inf"),
        [1],
        {"a": 1},
        "9" * 10**6,
        "1，2",
        "½",
    ],
)
def test_no_number(typed: object) -> None:
    assert text.number(typed, "元") is None


def test_a_unit_is_accepted_only_where_it_is_the_fields() -> None:
    assert text.number("3人", "人") == 3 and text.number("3人") is None and text.number("3元", "人") is None


@given(st.one_of(ANY, st.from_regex(r"[0-9０-９,，.． +_٣²元-]{1,12}", fullmatch=True)))
def test_a_number_has_exactly_the_digits_that_were_typed(typed: str) -> None:
    found = text.number(typed, "元")
    if found is not None:
        digits = re.sub("[^0-9]", "", text.half(typed))
        assert f"{found.copy_abs():f}".replace(".", "").lstrip("0") == digits.lstrip("0")


@pytest.mark.parametrize(
    "typed",
    [
        "2022-05-06",
        "2022-5-6",
        "2022.5.6",
        "2022/5/6",
        "2022年5月6日",
        "2022 年 5 月 6 日",
        "２０２２．５．６",
        "２０２２年５月６日",
        "20220506",
        "2022。5。6",
        "\u200e2022-05-06",
        "2022－05－06",
        "2022 - 5 - 6",
        date(2022, 5, 6),
    ],
)
def test_days(typed: object) -> None:
    assert text.day(typed) == date(2022, 5, 6)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "2022-02-30",
        "2022-13-01",
        "22.5.6",
        "2022-5/6",
        "2022年5月",
        "5月6日",
        "2022-05-06T00:00",
        "2022-05-066",
        "٢٠٢٢-٠٥-٠٦",
        "2022-1 2-3",
        None,
        5,
        [],
        "0000-01-01",
        "9" * 10**6,
    ],
)
def test_no_day(typed: object) -> None:
    assert text.day(typed) is None


@given(st.dates())
def test_every_day_reads_in_every_form(day: date) -> None:
    year = f"{day.year:04d}"
    spellings = [f"{year}{mark}{day.month}{mark}{day.day}" for mark in "-./"]
    spellings += [day.isoformat(), f"{year}年{day.month}月{day.day}日", f"{year}{day.month:02d}{day.day:02d}"]
    assert {text.day(one) for one in [*spellings, *map(wide, spellings)]} == {day}


def test_keys_of_rows() -> None:
    assert [text.whole(one) for one in ("0", "12", 7, str(2**31 - 1))] == [0, 12, 7, 2**31 - 1]
    outside = (
        "",
        "-1",
        "+1",
        " 1",
        "1_0",
        "²",
        "٣",
        "１",
        str(2**31),
        str(2**63),
        "9" * 10**6,
        True,
        None,
        1.0,
        -1,
        2**31,
        [],
    )
    assert all(text.whole(one) is None for one in outside)
    assert text.whole("5", most=4) is None


@given(st.one_of(ANY, st.integers(), st.floats(), st.none(), st.booleans(), st.lists(ANY, max_size=2)))
def test_readers_never_raise(sent: object) -> None:
    for read in (text.identity, text.phone, text.number, text.whole, text.day, text.ungrouped):
        read(sent)
    for huge in (10**5000, "1" * 10**6, Decimal("NaN")):
        assert [read(huge) for read in (text.identity, text.phone, text.day, text.whole)] == [None] * 4


def test_account_names() -> None:
    assert {text.username(one) for one in ("cunji", "Cunji", " CUNJI ", "ｃｕｎｊｉ", "cun\u200bji")} == {
        "cunji"
    }
    assert text.username("Zhang.San-2") == "zhang.san-2"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("家有轿车", "家有轿车。"),
        ("家有轿车。", "家有轿车。"),
        ("家有轿车。。 ", "家有轿车。"),
        ("真的？", "真的？"),
        (" ", ""),
    ],
)
def test_a_sentence_ends_once(typed: str, written: str) -> None:
    assert text.sentence(typed) == written
