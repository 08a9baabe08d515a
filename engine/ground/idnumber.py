"""Citizen identification numbers by GB 11643: own code,
since the usual library refuses valid numbers of elderly people.

The region part is never checked against present codes (they change) and never used as a residence.
"""

from __future__ import annotations

from datetime import date

from engine.ground import text as normal

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def check_digit(first17: str) -> str:
    """The 18th character of a number by its first 17 digits."""
    return _CHECKS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def validate(text: str, today: date) -> str:
    """The number in its normal form. 20 or 22 characters are a disability certificate:
    the number and its suffix.

    Raises ValueError with a Chinese sentence.
    """
    number = normal.identity(text)
    if number is None and len(normal.ungrouped(text)) not in (18, 20, 22):
        raise ValueError("身份证号码应为 18 位（残疾证 20 或 22 位）。")
    if number is None:
        raise ValueError("身份证号码只能是数字，末位可以是 X。")
    try:
        born = birth_date(number)
    except ValueError as error:
        raise ValueError("身份证号码中的出生日期不存在。") from error
    if born > today or born.year < 1900:
        raise ValueError("身份证号码中的出生日期不合理。")
    if check_digit(number[:17]) != number[17]:
        raise ValueError("身份证号码的校验位不对，请核对是否输错。")
    return number


def genuine(number: str) -> bool:
    """Whether a number in its normal form is somebody's:
    its date of birth exists and its check digit is right.
    """
    try:
        return 1900 <= birth_date(number).year <= 2100 and check_digit(number[:17]) == number[17]
    except ValueError:
        return False


def person(number: str) -> str:
    """Whose number it is: a disability certificate begins with the ID number of its holder. '' for none."""
    return number[:18]


def birth_date(number: str) -> date:
    """The date of birth in a number. Raises ValueError when there is no such day."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> str:
    """male or female, by the order code."""
    return "male" if int(number[16]) % 2 else "female"


def mask(number: str) -> str:
    """What lists and notices may show: the first three and the last four characters."""
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}" if len(number) > 7 else "*" * len(number)
