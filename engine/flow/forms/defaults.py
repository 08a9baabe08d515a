"""Default values: each must be one that could have been filled in,
for nobody is told of it while filling in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from marshmallow import ValidationError

from engine.flow.forms import fields as f
from engine.flow.forms import schema as s
from engine.ground.errors import Finding


def check_defaults(components: Iterable[s.Component]) -> Iterator[Finding]:
    """A default that the field itself would refuse, and one that does nothing."""
    for component in s.walk(list(components)):
        value = component.get("defaultValue")
        if value in (None, "", [], False):
            continue
        sentence = _wrong(component, value)
        if sentence:
            name = s.label(component) or component["type"]
            identifier = str(component.get("id") or component.get("key") or "")
            yield Finding(identifier, s.label(component), f"“{name}”的默认值“{str(value)[:40]}”{sentence}")


def _wrong(component: s.Component, value: object) -> str:
    """What is wrong with a default, as the rest of a sentence."""
    if component["type"] not in s.INPUTS:
        return "不起作用：它不是填写的项。"
    if component["type"] in ("dynamiclist", "filepicker"):
        return "不起作用：清单和附件没有默认值，请用预填。"
    try:
        with f.present(f.Circumstances(date.max)):  # of a date only what it must be on any day
            f.build(component).deserialize(value)
    except ValidationError as error:
        return f"这一项自己不收：{'；'.join(str(one) for one in error.messages)}"
    return ""
