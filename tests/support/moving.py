"""An owner who puts a new version of a part into force and moves running cases to it."""

from __future__ import annotations

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.casework.models import Migration, ProcedureVersion
from engine.casework.portions import moving
from engine.flow.replay.relocation import Wish
from engine.prevention.installation import ROOT
from tests.support.world import World

NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_bytes()
SEVEN = NOTICE.replace(b"days after(notice.posted_on, 5)", b"days after(notice.posted_on, 7)").replace(
    "公示满5天".encode(), "公示满7天".encode()
)


def deploy(world: World, body: bytes, note: str = "公示改为 7 天") -> ProcedureVersion:
    """Put a part's new version into force; answers the new version of the identification, which calls it."""
    resources = definitions.resources_in_force(world.session, None)
    deployment.deploy(world.session, None, body, resources, note, world.clock.now())
    return definitions.current(world.session, "identification")


def looked_at(world: World, version: ProcedureVersion, **wish: object) -> Migration:
    """The owner's act with every case looked at."""
    owner = world.official("liucheng")
    wanted = Wish(**wish)  # type: ignore[arg-type]
    act = moving.begin(world.session, owner, version, wanted, clock=world.clock)
    while moving.counts(world.session, act)["pending"]:
        moving.go_on(world.session, owner, act.id, clock=world.clock)
    return act


def move_all(world: World, act: Migration) -> dict[str, int]:
    owner = world.official("liucheng")
    moving.confirm(world.session, owner, act.id, "按新规定", clock=world.clock)
    while moving.counts(world.session, act)["fits"]:
        moving.go_on(world.session, owner, act.id, clock=world.clock)
    return moving.counts(world.session, act)
