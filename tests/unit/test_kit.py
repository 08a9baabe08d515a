"""What the rooms bring is joined without one name twice, and each thing says what people call it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.casework.kit import Kit
from engine.flow.history import lines
from engine.flow.receivers import Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import Given, LegalLimit, PaperKind
from engine.prevention.kit import KIT


def _nothing(call: Any) -> None:
    """A service that does nothing."""


def _fires(step: Any, timer: Any) -> None:
    """A timer's act."""


TWICE = {
    "services": Kit(services=(Service("case.open", "启动", "启动", _nothing),)),
    "receivers": Kit(receivers=(Receiver("message", "objection", {}),)),
    "given": Kit(given=(Given("opened_on", "启动日期", "day"),)),
    "opens_for": Kit(opens_for={"monitored": "监测对象"}),
    "papers": Kit(papers=(PaperKind("notice", "公示", "village", "village", "公示"),)),
    "law": Kit(law=(LegalLimit("R29", "clearance", "no_answer", "清退前农户有不少于 3 天答复", at_least=3),)),
    "lines": Kit(lines={lines.Urged: lambda line, name, people: ""}),
    "arrivals": Kit(arrivals={"clue": "又有线索"}),
    "due": Kit(due={"reminder": _fires}),
    "results": Kit(results=KIT.results[:1]),
    "subjects": Kit(subjects=KIT.subjects),
    "deliveries": Kit(deliveries=KIT.deliveries),
}


@pytest.mark.parametrize("name", TWICE)
def test_two_kits_that_bring_the_same_name_cannot_be_used_together(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        KIT | TWICE[name]


def test_one_receiver_s_name_may_be_of_two_kinds() -> None:
    assert (
        len((KIT | Kit(receivers=(Receiver("page", "objection", {}),))).receivers) == len(KIT.receivers) + 1
    )


def test_a_service_has_words_for_each_parameter_that_it_takes() -> None:
    with pytest.raises(TypeError, match="place"):
        Service("a", "甲", "甲", lambda call, place: None)
    with pytest.raises(TypeError, match="place"):
        Service("a", "甲", "甲", _nothing, {"place": "地点"})


def test_a_parameter_s_name_means_the_same_in_every_service() -> None:
    for service in KIT.services:
        for name, words in service.parameters.items():
            assert KIT.parameter_words[name] == words, (service.name, name)


def test_every_line_of_history_can_be_told() -> None:
    assert set(lines.KINDS.values()) <= KIT.lines.keys()
