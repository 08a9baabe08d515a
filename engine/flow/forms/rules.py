"""Rules of a form: what its fields must say together, and with the facts of the case.

A rule stands at the field where its sentence is shown, in the property ``rules``: a list of ``{"test",
"sentence"}``. The test is FEEL over the fields of its level and of the levels around it, and over the facts
(engine/flow/forms/facts.py). It is broken where it is false. It says nothing as long as a field that it reads
is blank (lists aside: one without rows is empty), for a blank has its own sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.flow.feel import Expression, FeelSyntaxError, compile_expression, strip_equals
from engine.flow.feel.reading import certain_names
from engine.flow.forms import bounds
from engine.flow.forms import facts as known
from engine.flow.forms import schema as s
from engine.flow.forms.evaluation import Level

Fields = Mapping[str, s.Component]
"""The fields that a rule may read by name: those of its level, and of the levels around it."""
LISTS = frozenset({"dynamiclist", "checklist", "taglist", "filepicker", "expression"})
MAX_RULES = 20
MAX_SENTENCE = 200


@lru_cache(2000)
def _read(test: str) -> tuple[str, ...]:
    """What a test reads, filters left out."""
    return tuple(sorted(certain_names(compile_expression(test).tree)))


@dataclass(frozen=True)
class Rule:
    """What must hold, and what people are told where it does not."""

    test: str
    sentence: str

    def needs(self, fields: Fields) -> list[str]:
        """The fields that must be filled before it says anything."""
        read = _read(self.test)
        return [name for name in read if name in fields and fields[name]["type"] not in LISTS]


def of(component: s.Component) -> list[Rule]:
    """The rules that stand at a field."""
    written = s.given(component, "rules")
    rows = [row for row in written if isinstance(row, Mapping)] if isinstance(written, list) else []
    return [Rule(strip_equals(str(row.get("test") or "")), str(row.get("sentence") or "")) for row in rows]


@dataclass(frozen=True)
class Judge:
    """A rule at its place, made ready once: every submission is judged by all of them."""

    sentence: str
    needs: Sequence[str]
    test: Expression

    def finds_broken(self, level: Level) -> bool:
        """Whether the test is false in this level, and not because something that it needs is blank."""
        if level.evaluate(self.test) is not False:
            return False
        return all(level.look(name) not in (None, "") for name in self.needs)


def judges(component: s.Component, fields: Fields) -> list[Judge]:
    """The rules that stand at a field, which may read `fields`."""
    found = of(component)
    return [Judge(rule.sentence, rule.needs(fields), compile_expression(rule.test)) for rule in found]


def for_page(component: s.Component, facts: Mapping[str, Any], fields: Fields) -> list[dict[str, Any]]:
    """The rules for the browser's evaluator; one that needs more than it knows is left to the server."""
    found = []
    for rule in of(component):
        try:
            tree = known.settled(compile_expression(rule.test).to_json(), facts)
        except ValueError:
            continue
        if tree is not None:
            found.append({"test": tree, "sentence": rule.sentence, "needs": rule.needs(fields)})
    return found


def facts_read(components: Iterable[s.Component]) -> Iterator[str]:
    """The dotted names of the facts that these components, and all below them, are compared with."""
    for component in s.walk(list(components)):
        for text in known.texts(component):
            try:
                names = compile_expression(text).names()
            except FeelSyntaxError:
                continue  # the check says so at the field
            yield from (name for name in sorted(names) if name.partition(".")[0] in known.ROOTS)
        yield from (term.name for term in bounds.readable(component) if term.is_fact)
