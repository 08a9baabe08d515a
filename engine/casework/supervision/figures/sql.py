"""The figures once more, as one statement each over the log alone: what an auditor runs beside the page.

Read only, with named parameters, for SQLite and PostgreSQL. The roll-ups are made another way
(`engine.casework.supervision.figures.facts`), so that the two prove each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.flow.history.lines import KEYS, TOKEN_DIGITS
from engine.ground.tables import microseconds

SERVICE = -2
"""Where a service's answer says which service it was: before what it answered, the last part."""


@dataclass(frozen=True)
class Words:
    """How one database says what the standard leaves open: JSON and seconds."""

    sqlite: bool

    def each(self, key: str, alias: str) -> str:
        """FROM: the members of the line's list `key`, one row each; by the name that it has now, or had."""
        names = _names(key)
        if self.sqlite:
            now, before = (f"'$.{name}'" for name in names)
            path = f"CASE WHEN json_type(l.data, {now}) IS NULL THEN {before} ELSE {now} END"
            return f"json_each(l.data, {path if now != before else now}) {alias}"
        there = " OR ".join(f"l.data LIKE '%\"{name}\":%'" for name in dict.fromkeys(names))
        found = ", ".join(f"l.data::json -> '{name}'" for name in dict.fromkeys(names))
        return f"json_array_elements(CASE WHEN {there} THEN coalesce({found}) END) {alias}(value)"

    def plain(self, alias: str) -> str:
        """A member that is a text or number."""
        return f"{alias}.value" if self.sqlite else f"({alias}.value #>> '{{}}')"

    def part(self, alias: str, index: int) -> str:
        """The part `index` of a member that is a list itself; a negative one is counted from the end."""
        place = index if index >= 0 else f"#{index}"
        return f"json_extract({alias}.value, '$[{place}]')" if self.sqlite else f"({alias}.value ->> {index})"

    def text(self, key: str) -> str:
        """A text of the line's data, by the name that it has now, or had."""
        if self.sqlite:
            found = [f"json_extract(l.data, '$.{name}')" for name in _names(key)]
        else:
            found = [f"l.data::json ->> '{name}'" for name in _names(key)]
        return f"coalesce({', '.join(found)})"

    def token(self, expression: str) -> str:
        """What every line says of a token; those before version 5 say all of it."""
        return f"substr({expression}, 1, {TOKEN_DIGITS})"

    def at(self, column: str) -> str:
        """A column's instant as whole seconds; SQLite keeps microseconds."""
        return f"{column} / 1000000" if self.sqlite else self.seconds(column)

    def seconds(self, expression: str) -> str:
        """An instant that a line writes as whole seconds."""
        if self.sqlite:
            return f"CAST(strftime('%s', {expression}) AS INTEGER)"
        return f"CAST(floor(extract(epoch FROM CAST({expression} AS timestamptz))) AS bigint)"


def _names(key: str) -> tuple[str, str]:
    return KEYS.get(key, key), key


def _here(w: Words) -> str:
    """The valid lines of the cases of a place: without those that a return or withdrawal took back."""
    return f"""WITH here AS (
  SELECT 'case:' || id AS stream FROM case_file
  WHERE village_code BETWEEN :low AND :high AND (:procedure = '' OR procedure_key = :procedure)
), every AS (
  SELECT l.stream, l.seq, l.at, l.kind, l.element_id, l.data
FROM here JOIN log_entry l ON l.stream = here.stream
), undone AS (
  SELECT l.stream, CAST({w.plain("u")} AS INTEGER) AS seq FROM every l, {w.each("undone", "u")}
  WHERE l.kind IN ('return', 'withdraw', 'unpassed')
), line AS (
  SELECT l.* FROM every l
  WHERE NOT EXISTS (SELECT 1 FROM undone u WHERE u.stream = l.stream AND u.seq = l.seq)
)"""


_SPREAD = """SELECT count(*) AS total, {in_time} min(CASE WHEN place >= 0.5 * total THEN value END) AS median,
  min(CASE WHEN place >= 0.9 * total THEN value END) AS p90
FROM (SELECT value, row_number() OVER (ORDER BY value) AS place, count(*) OVER () AS total
    FROM measured) ordered"""
"""Median and 90th percentile by nearest rank: the least value that half, or nine tenths, do not exceed."""


def quoted(names: Iterable[str]) -> str:
    """A list of literals."""
    return ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(names))


def limit(w: Words, ends: Iterable[str]) -> str:
    """Concluded cases against the last day of limit `:element`; `value` is days past it,
    0 or less is in time.
    """
    far = 86400 * 100_000
    return f"""{_here(w)}, due AS (
  SELECT l.stream, {w.part("x", 1)} AS due,
    row_number() OVER (PARTITION BY l.stream ORDER BY l.seq DESC) AS latest
  FROM line l, {w.each("limits", "x")} WHERE {w.part("x", 0)} = :element
), ended AS (
  SELECT l.stream, l.at FROM line l, {w.each("ends", "e")} WHERE {w.plain("e")} IN ({quoted(ends) or "''"})
  UNION ALL
  SELECT l.stream, l.at FROM line l WHERE l.kind = 'complete' AND l.element_id = :activity
), concluded AS (
  SELECT stream, max(at) AS at FROM ended GROUP BY stream
), measured AS (
  SELECT ({w.at("c.at")} - {w.seconds("d.due")} + {far}) / 86400 - 100000 + 1 AS value
  FROM concluded c JOIN due d ON d.stream = c.stream AND d.latest = 1
  WHERE c.at >= :since AND c.at < :until
)
{_SPREAD.format(in_time="sum(CASE WHEN value <= 0 THEN 1 ELSE 0 END) AS in_time,")}"""


def step(w: Words) -> str:
    """How long step `:element` had been open when it was finished, in whole hours,
    from 72 on in whole days.
    """
    return f"""{_here(w)}, opened AS (
  SELECT l.stream, l.seq, l.at, {w.token(w.part("x", 1))} AS token FROM every l, {w.each("opened", "x")}
  WHERE {w.part("x", 0)} = :element
), done AS (
  SELECT l.stream, l.seq, l.at, {w.token(w.text("token"))} AS token FROM every l
  WHERE l.kind = 'complete' AND l.element_id = :element AND l.at >= :since AND l.at < :until
), spent AS (
  SELECT ({w.at("d.at")} - {w.at("o.at")}) / 3600 AS hours,
    row_number() OVER (PARTITION BY d.stream, d.seq ORDER BY o.seq DESC) AS latest
  FROM done d JOIN opened o ON o.stream = d.stream AND o.token = d.token AND o.seq < d.seq
), measured AS (
  SELECT CASE WHEN hours < 72 THEN hours ELSE hours / 24 * 24 END AS value FROM spent WHERE latest = 1
)
{_SPREAD.format(in_time="")}"""


def returned(w: Words) -> str:
    """How often step `:element` (empty: any) sent a case back."""
    return f"""{_here(w)}
SELECT count(*) AS total FROM every l
WHERE l.kind = 'return' AND (:element = '' OR l.element_id = :element) AND l.at >= :since AND l.at < :until"""


def passed(w: Words) -> str:
    """How often limit `:element` passed before the case was concluded."""
    return f"""{_here(w)}
SELECT count(*) AS total FROM line l
WHERE l.kind = 'timer' AND l.element_id = :element AND l.at >= :since AND l.at < :until"""


def opened(w: Words) -> str:
    """How many cases began."""
    return f"""{_here(w)}
SELECT count(*) AS total FROM line l WHERE l.kind = 'start' AND l.at >= :since AND l.at < :until"""


def result(w: Words) -> str:
    """How often service `:element` brought about what it does."""
    return f"""{_here(w)}
SELECT count(*) AS total FROM line l, {w.each("services", "x")}
WHERE {w.part("x", SERVICE)} = :element AND l.at >= :since AND l.at < :until"""


def notice(w: Words) -> str:
    """Notices posted, and those to which an objection came before the next was posted."""
    return f"""{_here(w)}, posted AS (
  SELECT l.stream, l.seq, l.at, lead(l.seq) OVER (PARTITION BY l.stream ORDER BY l.seq) AS following
  FROM line l, {w.each("services", "x")} WHERE {w.part("x", SERVICE)} = 'notice.open'
)
SELECT count(*) AS total, sum(CASE WHEN EXISTS (
  SELECT 1 FROM line o WHERE o.stream = p.stream AND o.kind = 'message' AND o.element_id = 'objection'
    AND o.seq > p.seq AND (p.following IS NULL OR o.seq <= p.following)
) THEN 1 ELSE 0 END) AS opposed
FROM posted p WHERE p.at >= :since AND p.at < :until"""


def header(parameters: dict[str, Any], sqlite: bool) -> str:
    """The parameters' values, as comments above the statement; instants as the database keeps them,
    in UTC, on SQLite with the time in words beside the number.
    """

    def written(value: Any) -> str:
        if not isinstance(value, datetime):
            return f"'{value}'"
        words = f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        return f"{microseconds(value)}  (UTC {words})" if sqlite else f"'{words}'"

    return "\n".join(f"-- :{name} = {written(value)}" for name, value in parameters.items())
