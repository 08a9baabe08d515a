"""A portion of entries on its way into the table: what is read once for all, what becomes of each.

Nothing here asks the database for one row but where a row raises a clue or brings a new household.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.ground.tables import table
from engine.prevention.campaign import areas, campaigns
from engine.prevention.models import Campaign, Household, RiskClue, Screening
from engine.prevention.register import persons
from engine.prevention.register.households import registering
from engine.prevention.register.row_counts import Changes
from engine.prevention.screening import entries as e
from engine.prevention.screening import flags, groups, newcomers, papers
from engine.prevention.screening.raising import Refused, raise_clue, refusal

ENTERS = e.ENTERS
GONE = "登记簿里这户全户已不在册：有人回来的，先在“成员变动”里撤销，再填报。"
_ROW, _HOUSEHOLD = table(Screening), table(Household)
_INSERT = insert(_ROW)


class Intake:
    """One call of `rows.record`: inside its transaction, of one actor, for one campaign."""

    def __init__(self, session: Session, actor: Account, campaign: Campaign, now: datetime) -> None:
        self.session, self.actor, self.campaign, self.now = session, actor, campaign, now
        self.basis = campaigns.basis(session, campaign)
        self.changes = Changes()
        self.elsewhere: list[persons.Registered] = []
        self._found: dict[str, e.Outcome] = {}
        self._apart: dict[int, Any] = {}
        self._clues: dict[int, Any] = {}

    def outcomes(self, entries: Iterable[e.Entry]) -> list[e.Outcome]:
        """What became of the entries, in their order."""
        return [self._found[entry.uuid] for entry in entries]

    def finish(self) -> None:
        """What all the turns have changed in the counts."""
        self.changes.save(self.session, self.campaign.id, self.now)

    # -- one turn ----------------------------------------------------------------------------------

    def take(self, turn: Sequence[e.Entry]) -> None:
        """Entries of as many households."""
        fresh = self.unknown(turn)
        ids = self._households(fresh)
        places = self._locked(ids.values())
        fresh = self.unknown(fresh)  # the same entry may have come in while we waited
        fresh, later = _one_each(fresh, ids)
        current = self._current(ids.values())
        self._apart = self._own_apart(ids.values())
        self._clues = self._clues_of(current.values())
        known = groups.known(self.session, places, self.basis)
        villages = {place.village_code for place in places.values()}
        divided = areas.divided(self.session, self.campaign.id, villages)
        rows: list[dict[str, Any]] = []
        signed: list[e.Entry] = []
        for entry in fresh:
            if entry.uuid not in ids:
                continue
            place = places.get(ids[entry.uuid])
            try:
                if place is None:
                    raise refusal("没有找到这户人家。")
                row = self._row(entry, place, current.get(place.id), known[place.id], divided)
            except Refused as refused:
                self._found[entry.uuid] = e.Outcome(entry.uuid, e.REFUSED, faults=refused.faults)
                continue
            if row is not None:
                rows.append(row)
                signed += [entry] if entry.signatures else []
        self._store(rows, signed)
        if later:
            self.take(later)

    def unknown(self, turn: Sequence[e.Entry]) -> list[e.Entry]:
        """Those that are not here yet; what was sent before has its first answer."""
        query = select(_ROW).where(_ROW.c.uuid.in_([entry.uuid for entry in turn]))
        stored = {row.uuid: row for row in self.session.execute(query)}
        fresh = []
        for entry in turn:
            row = stored.get(entry.uuid)
            if row is None and not _is_uuid(entry.uuid):
                faults = {"": ["编号不对，不能上报。"]}
                self._found[entry.uuid] = e.Outcome(entry.uuid, e.REFUSED, faults=faults)
            elif row is None:
                fresh.append(entry)
            elif not self._is_its(entry, row):
                faults = {"": ["这个编号已用于另一次填报。"]}
                self._found[entry.uuid] = e.Outcome(entry.uuid, e.REFUSED, faults=faults)
            else:
                self._said_again(entry, row)
        return fresh

    def _is_its(self, entry: e.Entry, row: Any) -> bool:
        """Whether the stored row is this entry: of the campaign and the household, or of what it became.

        A colleague may have sent it before, out of a rescue file.
        """
        if row.campaign_id != self.campaign.id:
            return False
        if row.entered_by != self.actor.id and not access.reaches(self.actor, row.village_code, ENTERS):
            return False
        if entry.household_id in (None, row.household_id):
            return True
        merged = select(_HOUSEHOLD.c.merged_into_id).where(_HOUSEHOLD.c.id == entry.household_id)
        return self.session.scalar(merged) is not None

    def _said_again(self, entry: e.Entry, row: Any, kind: str = e.SAME) -> None:
        """The row says it already. Signatures that came only now are kept with it."""
        known = e.Outcome(entry.uuid, kind, row.id, row.household_id, row.clue_id, kept=row.uuid)
        try:
            papers.sign_also(self.session, self.actor, row.id, entry, self.now)
        except Invalid as error:
            known = e.Outcome(entry.uuid, e.REFUSED, faults=error.fields)
        self._found[entry.uuid] = known

    def _households(self, fresh: Sequence[e.Entry]) -> dict[str, int]:
        """Whom each entry is about, by uuid; new ones are registered."""
        ids = {one.uuid: one.household_id for one in fresh if one.household_id is not None}
        unknown = [one for one in fresh if one.household_id is None]
        known = newcomers.known(self.session, unknown)
        for entry in unknown:
            try:
                ids[entry.uuid] = known.get(entry.uuid) or self._registered(entry)
            except Refused as refused:
                self._found[entry.uuid] = e.Outcome(entry.uuid, e.REFUSED, faults=refused.faults)
        return ids

    def _registered(self, entry: e.Entry) -> int:
        """A household that the register did not have, from the entry."""
        new = entry.new_household or {}
        self._require_reach(str(new.get("village_code") or ""))
        self._clean(entry)  # a household is not registered for an entry that is refused
        try:
            data = newcomers.checked(new, local_date(self.now))
            with self.session.begin_nested():
                return registering.register(self.session, data, self.now, actor=self.actor).id
        except persons.Registered as error:
            self.elsewhere.append(error)
            raise Refused({f"new_household.{key}": said for key, said in error.fields.items()}) from error
        except Invalid as error:
            raise Refused(
                {f"new_household.{key}": said for key, said in error.fields.items()} or {"": [error.message]}
            ) from error

    def _locked(self, ids: Iterable[int]) -> dict[int, Any]:
        """The households as they are now, locked in the order of their numbers
        (engine/casework/step/locks.py).
        """
        columns = "id village_code group_name status merged_into_id".split()
        query = select(*(_HOUSEHOLD.c[name] for name in columns)).where(_HOUSEHOLD.c.id.in_(set(ids)))
        ordered = query.order_by(_HOUSEHOLD.c.id).with_for_update(key_share=True)
        return {row.id: row for row in self.session.execute(ordered)}

    def _current(self, ids: Iterable[int]) -> dict[int, Any]:
        query = select(_ROW).where(
            _ROW.c.campaign_id == self.campaign.id,
            _ROW.c.household_id.in_(set(ids)),
            _ROW.c.standing == "current",
        )
        return {row.household_id: row for row in self.session.execute(query)}

    def _own_apart(self, ids: Iterable[int]) -> dict[int, Any]:
        """What the actor has said of the households beside the rows that count."""
        query = select(_ROW).where(
            _ROW.c.campaign_id == self.campaign.id,
            _ROW.c.household_id.in_(set(ids)),
            _ROW.c.standing == "conflict",
            _ROW.c.entered_by == self.actor.id,
        )
        return {row.household_id: row for row in self.session.execute(query.order_by(_ROW.c.id))}

    def _clues_of(self, rows: Iterable[Any]) -> dict[int, Any]:
        """How the clues stand that rows have raised, by their number."""
        wanted = {row.clue_id for row in rows if row.clue_id is not None}
        columns = select(RiskClue.id, RiskClue.cancelled_at, RiskClue.discovered_on, CaseFile.status)
        query = columns.outerjoin(CaseFile, CaseFile.id == RiskClue.case_id).where(RiskClue.id.in_(wanted))
        return {row.id: row for row in self.session.execute(query)} if wanted else {}

    # -- one entry ---------------------------------------------------------------------------------

    def _row(
        self, entry: e.Entry, place: Any, before: Any, known: groups.Known, divided: areas.Divided
    ) -> dict[str, Any] | None:
        """The row as it is to be stored; None where it says what is stored already. Raises Refused."""
        self._require_reach(place.village_code)
        if place.merged_into_id is not None:
            raise refusal("这户已并入另一户，请在并入的那一户填报。")
        if place.status == "gone":
            raise refusal(GONE)
        clean = self._clean(entry)
        said = e.columns(_with_known(clean, known))
        own = before is not None and before.entered_by == self.actor.id
        signed_anew = own and bool(entry.signatures)  # a new signature is a new row: none is dropped
        if before is not None and not signed_anew and e.alike(before, said, own=own):
            self._said_again(entry, before)
            return None
        assigned = any(
            divided.may(self.actor.id, place.village_code, place.group_name, at)
            for at in (self._visited_at(entry), self.now)
        )
        at = min(entry.device_at or self.now, self.now)
        corrects = before is not None and (entry.replaces == before.uuid or (own and not _older(at, before)))
        row = {
            **said,
            "campaign_id": self.campaign.id,
            "household_id": place.id,
            "village_code": place.village_code,
            "uuid": entry.uuid,
            "source": entry.source,
            "entered_by": self.actor.id,
            "entered_at": self.now,
            "device_at": entry.device_at,
            "replaces_id": before.id if before is not None else None,
        }
        if not assigned or (before is not None and not corrects):  # T27
            return self._kept_apart(entry, row)
        return self._taken(entry, row, before, _with_known(clean, known), place.status)

    def _visited_at(self, entry: e.Entry) -> datetime:
        """When the entry was made, as far as the telephone's clock can be believed."""
        at = entry.device_at
        return at if at is not None and self.campaign.opened_at <= at <= self.now else self.now

    def _kept_apart(self, entry: e.Entry, row: dict[str, Any]) -> dict[str, Any] | None:
        """Two say different things, or somebody is not of the area: the township decides (T27).

        It decides about the last that each has said.
        """
        earlier = self._apart.get(row["household_id"])
        if earlier is not None and e.alike(earlier, row, own=True):
            self._said_again(entry, earlier, e.CONFLICT)
            return None
        if earlier is not None:
            self.session.execute(update(_ROW).where(_ROW.c.id == earlier.id).values(standing="replaced"))
            self.changes.row(earlier.village_code, "conflict", earlier.result, flagged=False, by=-1)
            row = {**row, "replaces_id": earlier.id}
        self._found[entry.uuid] = e.Outcome(entry.uuid, e.CONFLICT, household_id=row["household_id"])
        self.changes.row(row["village_code"], "conflict", row["result"], flagged=False)
        return {**row, "standing": "conflict", "clue_id": None}

    def _taken(
        self, entry: e.Entry, row: dict[str, Any], before: Any, data: Mapping[str, Any], status: str
    ) -> dict[str, Any]:
        clue_id, case_id = self._clue_before(before), None
        raised = flags.of(data, status, self.basis)
        if raised.codes and not (clue_id is not None and self._holds(clue_id, row, before)):
            clue_id, case_id = raise_clue(self.session, self.actor, row, raised, self.now)
        if before is not None:
            replaced = update(_ROW).where(_ROW.c.id == before.id)
            self.session.execute(replaced.values(standing="replaced"))
            flagged = before.clue_id is not None
            self.changes.row(before.village_code, "current", before.result, flagged=flagged, by=-1)
        self.changes.row(row["village_code"], "current", row["result"], flagged=clue_id is not None)
        self._found[entry.uuid] = e.Outcome(
            entry.uuid, e.RECORDED, household_id=row["household_id"], clue_id=clue_id, case_id=case_id
        )
        return {**row, "standing": "current", "clue_id": clue_id}

    def _clue_before(self, before: Any) -> int | None:
        """The clue that the household's row has raised, unless it was cancelled."""
        clue = self._clues.get(before.clue_id) if before is not None else None
        return clue.id if clue is not None and clue.cancelled_at is None else None

    def _holds(self, clue_id: int, row: Mapping[str, Any], before: Any) -> bool:
        """Whether the clue before is enough for what is found now (R05).

        An earlier day of a verification that runs starts its days anew (R06); after a verification that is
        over, what a later visit finds is looked into again.
        """
        clue = self._clues[clue_id]
        if clue.status in (None, "open"):
            return bool(row["visited_on"] >= clue.discovered_on)
        return bool(row["visited_on"] <= before.visited_on)

    def _clean(self, entry: e.Entry) -> dict[str, Any]:
        try:
            papers.signed(entry)
            today = local_date(self.now)
            clean = self.basis.form.validate(entry.data, today=today, context=self.basis.facts)
            e.require_storable(clean, self.basis.form)
            return clean
        except Invalid as error:
            raise Refused(error.fields or {"": [error.message]}) from error

    def _require_reach(self, village_code: str) -> None:
        """R03: the village is of the campaign's county, and the actor enters its households."""
        if access.ancestor(village_code, "county") != self.campaign.county_code:
            raise refusal("这户不在本次排查的县。")
        if not access.reaches(self.actor, village_code, ENTERS):
            raise refusal("这户不在您负责的村，不能填报。")

    # -- into the table ----------------------------------------------------------------------------

    def _store(self, rows: Sequence[Mapping[str, Any]], signed: Sequence[e.Entry]) -> None:
        if not rows:
            return
        self.session.execute(_INSERT, rows)
        query = select(_ROW.c.uuid, _ROW.c.id).where(_ROW.c.uuid.in_([row["uuid"] for row in rows]))
        for uuid, identifier in self.session.execute(query):
            known = self._found[uuid]
            self._found[uuid] = e.Outcome(
                uuid, known.kind, identifier, known.household_id, known.clue_id, known.case_id
            )
        for entry in signed:
            screening_id = self._found[entry.uuid].screening_id
            papers.sign(self.session, self.actor, screening_id or 0, entry, self.now)


def _one_each(fresh: Sequence[e.Entry], ids: Mapping[str, int]) -> tuple[list[e.Entry], list[e.Entry]]:
    """The first entry of each household, and those after it: they must see what it has changed."""
    first: list[e.Entry] = []
    later: list[e.Entry] = []
    taken: set[int] = set()
    for entry in fresh:
        household_id = ids.get(entry.uuid)
        (later if household_id in taken else first).append(entry)
        taken |= {household_id} if household_id is not None else set()
    return first, later


def _older(at: datetime, before: Any) -> bool:
    """Whether what was entered at `at` is from before the stored row: another telephone of the same person
    may send what it kept later than the newer was sent. Nothing older takes the newer's place (T27).
    """
    return bool(at < min(before.device_at or before.entered_at, before.entered_at))


def _with_known(clean: Mapping[str, Any], known: groups.Known) -> dict[str, Any]:
    """The data with the groups that the register knows, and the first for whoever declares (R04, Q10)."""
    if clean["result"] != "done":
        return dict(clean)
    willing = ["willing"] if clean.get("declares") == "yes" else []
    found = list(dict.fromkeys([*willing, *(clean.get("groups") or []), *known.groups]))
    if not found:
        return dict(clean)
    return {**clean, "in_group": "yes", "groups": found}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
