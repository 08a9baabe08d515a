"""FEEL: what the standard says, our day counts, and the bounds that make it safe for strangers' diagrams."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.flow.feel import (
    FeelLimitError,
    FeelSyntaxError,
    compile_expression,
    compile_unary_tests,
    to_plain,
)
from engine.ground.clock import CHINA


def value(text: str, **names: Any) -> Any:
    return compile_expression(text).evaluate(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ** 3 ** 2", 64),
        ("-2 ** 2", 4),
        ("7 / 2", Decimal("3.5")),
        ("1 / 0", None),
        ("0.1 + 0.2 = 0.3", True),
        ("null = null", True),
        ("null = 1", False),
        ("null < 1", None),
        ('"a" < "b"', True),
        ("true and null", None),
        ("false and null", False),
        ("true or null", True),
        ("not(null)", None),
        ("if null then 1 else 2", 2),
        ("5 in [1..5)", False),
        ("5 in (1..5]", True),
        ('"a" in ("b", "a")', True),
        ("3 between 1 and 5", True),
        ("some x in [1,2,3] satisfies x > 2", True),
        ("every x in [1,2] satisfies x > 1", False),
        ("for x in [1,2,3] return x * 2", [2, 4, 6]),
        ("[1,2,3][item > 1]", [2, 3]),
        ("[1,2,3][-1]", 3),
        ("{a: 1, b: a + 1}.b", 2),
        ("[{a: 1}, {a: 2}].a", [1, 2]),
        ('substring("防止返贫", 3)', "返贫"),
        ("count([1, null])", 2),
        ("sum([1, null])", None),
        ("sum([])", None),
        ("max([1, 5, 2])", 5),
        ("mean([1, 2, 3])", 2),
        ("decimal(1/3, 2)", Decimal("0.33")),
        ('string length("中国")', 2),
        ('contains("abc", "b")', True),
        ('date("2022-05-06") - date("2022-05-01") = duration("P5D")', True),
        ("round half up(2.5, 0)", 3),
        ('date("2022-05-06") + duration("P1M")', date(2022, 6, 6)),
        ('date("2022-02-30")', None),
        ('years and months duration(date("2020-01-01"), date("2022-05-01")) = duration("P2Y4M")', True),
        ("5 in [1..9] and false", False),
        ("true or 5 in [1..2]", True),
        ("3 in (> 2)", True),
        ("3 in (!= 3)", False),
        ("{a-b: 1, c: a-b + 1}.c", 2),
        ("{a b: 1, c: a b + 1}.c", 2),
        ("{a: 1, a: 2}", None),
        ("[1..9[.end included", False),
        ('matches("中国", "^\\p{IsCJKUnifiedIdeographs}+$")', True),
        ('matches("X", "[A-Z-[OI]]")', True),
        ('matches("O", "[A-Z-[OI]]")', False),
        ('matches("aA", "(a)\\1", "i")', True),
        ('matches("a", "a", "q")', None),
        ('matches("a\\nb", "a.b")', False),
        ('matches("a\\nb", "a.b", "s")', True),
        ('replace("abc", "b(c)", "[$1]")', "a[c]"),
        ('time("10:00:00") - time("09:00:00") = duration("PT1H")', True),
        ('string(time("10:00:00@Europe/Paris"))', "10:00:00@Europe/Paris"),
        ('duration("PT1H") + time("23:30:00") = time("00:30:00")', True),
        ('time("24:00:00") = time("00:00:00")', True),
        ('date("02022-05-06")', None),
        ('time("10:00:00+19:00")', None),
        ('is(@"10:00:00Z", @"10:00:00@Etc/UTC")', False),
        ('(-duration("PT1H30M")).hours', -1),
        ('range("[1..3]") = [1..3]', True),
        ('range("[3..1]")', None),
        ("starts(1, [1..5])", True),
        ('context([{key: "a", value: 1}]).a', 1),
        ('context put({a: {b: 1}}, ["a", "b"], 2).a.b', 2),
        ("[{a: 1}] instance of list<context<a: number>>", True),
        ('(function(a: number) a)("x")', None),
        ("list replace([1, 2], function(x, y) x = 2, 9)", [1, 9]),
        ("mode()", None),
        ("nosuch.path.at.all", None),
        ("list contains([1, null], null)", True),
        ('split("a;b", ";")', ["a", "b"]),
    ],
)
def test_values(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.duty("R10", "R15")
def test_legal_days_do_not_count_the_start_day() -> None:
    assert value('days after("2022-05-11", 5)') == datetime(2022, 5, 17, tzinfo=CHINA)
    late = datetime(2022, 5, 11, 23, 59, tzinfo=CHINA)
    assert value("days after(posted, 5)", posted=late) == datetime(2022, 5, 17, tzinfo=CHINA)
    assert value("days after(posted, 5)", posted=None) is None


def test_a_day_as_papers_spell_it() -> None:
    assert value('spelled date("2022-05-06")') == "2022年5月6日"
    assert value("spelled date(missing)") is None


def test_workdays_ask_the_calendar() -> None:
    def workdays(day: date, count: int) -> date:
        return day + timedelta(days=count * 10)

    found = compile_expression('workdays after("2022-05-01", 2)').evaluate({}, workdays=workdays)
    assert found == datetime(2022, 5, 22, tzinfo=CHINA)


@pytest.mark.parametrize(
    "text", ["1 +", "a b c d", "if a then b", '__import__("os")', "exec(1)", "now()", "today()", "[1,2"]
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(FeelSyntaxError):
        compile_expression(text)


def test_nothing_of_python_can_be_reached() -> None:
    class Secret:
        password = "1"

    assert value("x.password", x=Secret()) is None
    assert value("x.__class__", x="a") is None
    assert value("x.real", x=1) is None
    assert value("{a: 1}.keys") is None


@pytest.mark.parametrize(
    "text",
    [
        "count(for x in 1..100000000 return x)",
        "for a in 1..999 return for b in 1..999 return for c in 1..999 return 1",
        "{f: function(x) f(x), r: f(1)}.r",
        "9 ** 9 ** 9 ** 9",
        'replace("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a+)+$", "b")',
    ],
)
def test_greedy_expressions_are_stopped(text: str) -> None:
    try:
        compile_expression(text).evaluate({})
    except (FeelLimitError, FeelSyntaxError):
        return


def test_length_and_depth_are_bounded() -> None:
    with pytest.raises(FeelSyntaxError):
        compile_expression("1+" * 5000 + "1")
    with pytest.raises(FeelSyntaxError):
        compile_expression("(" * 500 + "1" + ")" * 500)


def test_unary_tests() -> None:
    assert compile_unary_tests("[1..5], > 10").matches(3, {}) is True
    assert compile_unary_tests("[1..5], > 10").matches(7, {}) is False
    assert compile_unary_tests('not("a", "b")').matches("c", {}) is True
    assert compile_unary_tests("-").matches(None, {}) is True
    assert compile_unary_tests("< limit").matches(5, {"limit": 6}) is True


def test_names_are_told_for_the_projection_of_form_data() -> None:
    names = compile_expression("a.b.c > 1 and some x in list satisfies x.y = z").names()
    assert names == {"a.b.c", "list", "z"}


def test_plain_values_are_json() -> None:
    assert to_plain(value('[1.50, date("2022-05-01"), {a: null}]')) == [1.5, "2022-05-01", {"a": None}]
