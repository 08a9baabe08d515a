"""The field's kit in use: diagrams of tests call its services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from engine.casework import kit
from engine.flow.services import Service
from engine.owners.kit import KIT

kit.use(KIT)


@contextmanager
def answering(service: Service) -> Iterator[None]:
    """Inside, diagrams call `service` under its name, and not the field's."""
    others = [one for one in KIT.services if one.name != service.name]
    kit.use(replace(KIT, services=(*others, service)))
    try:
        yield
    finally:
        kit.use(KIT)
