"""Files that leave the system, as whoever asks for them gets them."""

from __future__ import annotations

from engine.casework.models import Account
from engine.casework.portions.outgoing import sending
from tests.support.world import World


def file_of(world: World, actor: Account, name: str, reason: str = "", **given: object) -> bytes:
    """What goes out under a name."""
    said = {key: str(value) for key, value in given.items()}
    return sending.written(world.session, actor, name, said, world.clock, reason=reason)[0]


def template(world: World, actor: Account, kind: str, key: str) -> bytes:
    """A file to be filled in and sent back."""
    return file_of(world, actor, "import_template", kind=kind, key=key)


def returned(world: World, actor: Account, import_id: int, only: str = "") -> bytes:
    """A file that was sent, its faults marked."""
    return file_of(world, actor, "import_returned", **{"import": import_id, "only": only})
