"""How somebody is reached: the phone and the e-mail address of an account, read in one way."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.ground import text
from engine.ground.errors import Invalid

_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+", re.ASCII)
NO_ADDRESS = "这不是电子邮件地址。"
NO_PHONE = "这不是电话号码：请填手机号，或带区号的座机号。"


def email(typed: str) -> str | None:
    """The address as it is stored, '' for none; None for what is no address."""
    found = text.half(typed[:200])
    return found if not found or (len(found) <= 120 and _ADDRESS.fullmatch(found)) else None


def phone(typed: str) -> str | None:
    """The number as it is stored, '' for none; None for what is no number."""
    return text.phone(typed) if text.half(typed[:200]) else ""


def read_contacts(typed: Mapping[str, str]) -> dict[str, str]:
    """Phone and e-mail address of a form. Raises Invalid with the sentence at the field."""
    found = {"phone": phone(typed.get("phone", "")), "email": email(typed.get("email", ""))}
    sentences = {"phone": NO_PHONE, "email": NO_ADDRESS}
    wrong = {name: [sentences[name]] for name, value in found.items() if value is None}
    if wrong:
        raise Invalid(" ".join(sentence for one in wrong.values() for sentence in one), wrong)
    return {name: value or "" for name, value in found.items()}
