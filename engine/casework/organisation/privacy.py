"""What of a person is not shown, not written into addresses and not into logs: ID numbers,
and phones (domain §7.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.flow.forms import schema as s
from engine.ground import idnumber, text

_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?:\d{2}|\d\dB\d)?(?![0-9A-Za-z])", re.ASCII)
_MOBILE = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])", re.ASCII)


def mask_phone(phone: str) -> str:
    """What lists may show of a phone number."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def mask_email(address: str) -> str:
    """What lines may show of an e-mail address: often it is a phone number."""
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}" if at else "*" * len(address)


def masked_phones(written: str) -> str:
    """A text with every mobile number in it masked."""
    return _MOBILE.sub(lambda found: mask_phone(found[0]), written)


def names_person(typed: str) -> bool:
    """Whether what was typed is, or holds, somebody's ID number or phone."""
    number = text.identity(typed)
    return (
        bool(number and idnumber.genuine(number))
        or text.phone(typed) is not None
        or masked_text(typed) != typed
    )


def masked_text(written: str | None) -> str:
    """A text with every ID number in it masked; '' for none."""
    if not written:
        return ""
    return _NUMBER.sub(
        lambda found: idnumber.mask(found[0]) if idnumber.genuine(found[0].upper()) else found[0], written
    )


def masked(components: Sequence[s.Component], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a form as one who only looks may have them: by the fields' formats,
    and in every other text.
    """
    found: dict[str, Any] = {key: _masked_value(value) for key, value in values.items()}
    for component in _fields(components):
        key = str(component.get("path") or component.get("key") or "")
        value = values.get(key)
        if component["type"] == "dynamiclist" and isinstance(value, list):
            rows = s.children(component)
            found[key] = [
                masked(rows, row) if isinstance(row, Mapping) else _masked_value(row) for row in value
            ]
        elif value:
            found[key] = masked_as(s.given(component, "format"), found[key], value)
    return found


def masked_as(format: str | None, shown: Any, value: Any) -> Any:
    """The value of a field of this format, masked; `shown` where the format hides nothing."""
    if format == "id_number":
        return idnumber.mask(str(value))
    return mask_phone(str(value)) if format == "phone" else shown


def _fields(components: Sequence[s.Component]) -> Iterator[s.Component]:
    for component in components:
        if component["type"] == "group":
            yield from _fields(s.children(component))
        else:
            yield component


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {key: _masked_value(inner) for key, inner in value.items()}
    return [_masked_value(inner) for inner in value] if isinstance(value, list) else value


def holds_masks(sent: Any) -> bool:
    """Whether anything that was sent may be a masked number."""
    return any("*" in one for one in _texts(sent))


def restored(sent: Any, known: Mapping[str, Any]) -> Any:
    """What was sent, with the masked numbers that were not touched in full again.

    A programme reads a form masked and sends it back. A mask that fits two different numbers stays a mask,
    and is refused as the number it is not.
    """
    full: dict[str, set[str]] = {}
    for value in _texts(known):
        for mask in (idnumber.mask(value), mask_phone(value)):
            full.setdefault(mask, set()).add(value)
    certain = {mask: values.pop() for mask, values in full.items() if "*" in mask and len(values) == 1}
    return _filled(sent, certain)


def _filled(sent: Any, certain: Mapping[str, str]) -> Any:
    if isinstance(sent, str):
        return certain.get(sent, sent)
    if isinstance(sent, Mapping):
        return {key: _filled(value, certain) for key, value in sent.items()}
    return [_filled(value, certain) for value in sent] if isinstance(sent, list) else sent


def _texts(known: Any) -> Iterator[str]:
    if isinstance(known, str):
        yield known
    for inner in known.values() if isinstance(known, Mapping) else known if isinstance(known, list) else ():
        yield from _texts(inner)
