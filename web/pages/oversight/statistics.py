"""统计: figures by place and period, each with its definition; open work now; the same as Excel and as SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from engine.casework import definitions as core_definitions
from engine.casework.models import Division
from engine.casework.organisation import divisions
from engine.casework.supervision.figures import cards as figure_cards
from engine.casework.supervision.figures import definitions, heat, live, periods, reading, tally, walls
from engine.casework.supervision.figures.cards import Shown, said
from engine.casework.supervision.figures.facts import STEP
from engine.casework.supervision.figures.periods import Span
from engine.casework.supervision.figures.workbook import workbook
from engine.ground.clock import local_date
from engine.ground.errors import Invalid, NotFound
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import live as web_live
from web.shown import sent
from web.shown.charts import Chart, chart

blueprint = Blueprint("statistics", __name__, url_prefix="/statistics")


@dataclass(frozen=True)
class Wanted:
    """What the page is about."""

    place: Division
    span: Span
    procedure: str

    @property
    def query(self) -> dict[str, str]:
        """As it stands in addresses."""
        found = {"division": self.place.code, "grain": self.span.grain}
        return {**found, "procedure": self.procedure} if self.procedure else found

    @property
    def months(self) -> Span:
        """The whole months that the span touches: what steps are told by."""
        first, last = self.span.first, self.span.today
        return periods.months((last.year - first.year) * 12 + last.month - first.month + 1, last)


def wanted(args: Mapping[str, str]) -> Wanted:
    """The place, span and procedure that a query names. Raises NotAllowed, NotFound or Invalid."""
    place = reading.place(session(), account(), args.get("division", ""))
    grain = args.get("grain", "week")
    if grain not in periods.GRAINS:
        raise Invalid("请选择按日、按周或按月。")
    procedure = args.get("procedure", "")
    if procedure and procedure not in reading.procedures(session()):
        raise Invalid("没有这个流程，请重新选择。")
    return Wanted(place, periods.span(grain, local_date(clock.now())), procedure)


def _shown(found: Wanted) -> list[Shown]:
    cards = figure_cards.cards(reading.limits(session()))
    if found.procedure:
        cards = [card for card in cards if card.procedure in ("", found.procedure)]
    totals = reading.headlines(session(), found.place, found.span, found.procedure)
    return figure_cards.shown(cards, totals, found.span)


def _statements(shown: list[Shown], found: Wanted) -> dict[str, str]:
    """The statement that recounts each card from the log, with the page's parameters."""
    since, until = found.span.since, found.span.until

    def written(card: figure_cards.Card) -> str:
        procedure = card.procedure or found.procedure
        return definitions.recount(
            session(), card.measure, found.place.code, since, until, procedure, card.element
        ).written()

    return {one.card.key: written(one.card) for one in shown}


def picture(one: Shown, span: Span) -> Chart:
    """The card's values as bars."""
    whole, apart = one.card.drawn

    def counts(column: int) -> list[int]:
        return [int(row[column] or 0) for _, row in one.periods]

    columns = one.card.columns
    titles = [
        f"{span.words(start)}："
        + "，".join(f"{c.name} {said(v, c.unit)}" for c, v in zip(columns, row, strict=True))
        for start, row in one.periods
    ]
    labels = [span.short(start) for start in span.starts]
    return chart(counts(whole), counts(apart) if apart is not None else None, labels, titles)


@blueprint.get("")
def index() -> str:
    """The figures."""
    found, now = wanted(request.args), clock.now()
    own = session()
    shown = _shown(found)
    children = divisions.children(own, found.place.code)
    open_now = live.now_and_below(own, found.place, now)
    below = reading.by_child(own, found.place, found.span, found.procedure) if children else {}
    steps = reading.steps(own, found.place, found.months, now, found.procedure)
    units, people = (
        reading.units(own, found.place, now, number(request.args.get("page"))),
        reading.people(own, found.place, now),
    )
    codes = [desk.division_code for desk in units.items] + [one.division_code for one in people]
    totals = [sum(s.hours.total for s in steps if s.procedure_key == key) for key in reading.procedures(own)]
    return render_template(
        "oversight/statistics/index.html",
        hangs=any(grant.role in walls.ROLES for grant in account().grants),
        wanted=found,
        here=found.place,
        span=found.span,
        shown=shown,
        said=said,
        statements=_statements(shown, found),
        pictures={one.card.key: picture(one, found.span) for one in shown},
        children=_lines(found.place, children, below, open_now.below),
        below=below,
        empty=reading.Totals(),
        waiting=open_now.below if children else {},
        nothing=reading.Waiting(),
        steps=[s for s in steps if s.hours.total or s.waiting.count or s.returned],
        levels=reading.by_level(steps),
        people=people,
        units=units,
        unit_names=divisions.names(own, codes),
        staff=reading.staff(own, codes),
        busiest=max(totals, default=0),
        counts=open_now.counts,
        names=reading.procedures(own),
        trail=reading.above(own, account(), found.place),
        grains=periods.GRAINS,
        counted_at=tally.counted_at(own),
        words=definitions.WORDS,
        hours=reading.hours_words,
    )


def _lines(place: Division, children: Sequence[Division], *told: Mapping[str, object]) -> Sequence[Division]:
    """The divisions right below, after the place itself where a case is its own, not any village's."""
    has_own = bool(children) and any(place.code in one for one in told)
    return [place, *children] if has_own else children


@blueprint.get("/statistics.xlsx")
def excel() -> Response:
    """The same as an Excel file."""
    found, now = wanted(request.args), clock.now()
    own = session()
    below = reading.by_child(own, found.place, found.span, found.procedure)
    lines = _lines(found.place, divisions.children(own, found.place.code), below)
    children = [(one, below.get(one.code, reading.Totals())) for one in lines]
    steps = reading.steps(own, found.place, found.months, now, found.procedure)
    body = workbook(
        found.place,
        found.span,
        tally.counted_at(own),
        _shown(found),
        children,
        steps,
        reading.procedures(own),
    )
    return sent.attachment(body, f"{found.place.name}统计{found.span.today:%Y%m%d}.xlsx")


@blueprint.get("/sql/<measure>.sql")
def sql(measure: str) -> Response:
    """The statement that recounts a figure from the log, with the page's parameters."""
    found = wanted(request.args)
    span = found.months if measure == STEP else found.span  # steps are told by whole months
    element = request.args.get("element", "")
    recount = definitions.recount(
        session(), measure, found.place.code, span.since, span.until, found.procedure, element
    )
    return sent.inline(recount.written(), f"{measure}.sql", "text/plain")


@blueprint.get("/counts.json")
def counts() -> ResponseReturnValue:
    """What is open now, for pages that refresh their counts by themselves; unchanged counts cost no body."""
    place = reading.place(session(), account(), request.args.get("division", ""))
    return web_live.answer(live.counts(session(), place, clock.now()))


# -- on the diagram --------------------------------------------------------------------------------


@blueprint.get("/diagram/<key>")
def diagram(key: str) -> str:
    """The heat map of a procedure's diagram, with the table that says the same."""
    own, now = session(), clock.now()
    place = reading.place(own, account(), request.args.get("division", ""))
    chosen = request.args.get("months", "12")
    if chosen not in MONTHS:
        raise Invalid("请选择时间。")
    span = periods.months(int(chosen), local_date(now))
    version = number(request.args.get("version", "0")) if request.args.get("version") else 0
    found = heat.heat(own, place, key, span, now, version)
    drawings = [
        (part, found.definition.process_names().get(part, part)) for part in found.definition.diagrams()
    ]
    return render_template(
        "oversight/statistics/diagram.html",
        heat=found,
        here=place,
        key=key,
        months=chosen,
        choices=MONTHS,
        version=version,
        versions=core_definitions.versions(own, key),
        trail=reading.above(own, account(), place),
        names=reading.procedures(own),
        children=divisions.children(own, place.code),
        drawings=drawings,
        drawn=_drawn(found),
        hours=reading.hours_words,
        words=definitions.WORDS,
        span=span,
        counted_at=tally.counted_at(own),
        query={"division": place.code, "months": chosen, "version": version or ""},
    )


MONTHS = {"1": "本月", "3": "近3个月", "12": "近12个月"}
"""The periods of the heat map: whole months."""


def _drawn(found: heat.Heat) -> dict[str, dict[str, dict[str, Any]]]:
    """What the script draws: texts and degrees by element, counts and shares by flow."""
    nodes: dict[str, dict[str, Any]] = {
        identifier: {
            "waiting": node.waiting.count,
            "red": node.waiting.red,
            "p90": node.hours.p90,
            "median": reading.hours_words(node.hours.median),
            "nine": reading.hours_words(node.hours.p90),
            "timed": bool(node.hours.total),
            "shared": node.shared,
        }
        for identifier, node in found.nodes.items()
        if node.waiting.count or node.hours.total or node.shared
    }
    ways: dict[str, dict[str, Any]] = {
        way.flow_id: {"count": way.count, "share": way.share}
        for way in (found.ways or {}).values()
        if way.count
    }
    return {"nodes": nodes, "ways": ways}


@blueprint.get("/diagram/<key>.bpmn")
def drawing(key: str) -> Response:
    """A drawing of a version of the procedure, or of a part that it calls."""
    reading.place(session(), account(), request.args.get("division", ""))
    version = number(request.args.get("version", "0")) if request.args.get("version") else 0
    definition = core_definitions.load(session(), reading.version_of(session(), key, version).id)
    body = definition.diagrams().get(request.args.get("part") or definition.key)
    if body is None:
        raise NotFound("这一版流程没有这张图。")
    return sent.unnamed(body, "application/xml")
