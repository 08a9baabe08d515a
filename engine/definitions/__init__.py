"""Definitions: parse safely, check, deploy as immutable versions, load from cache."""

from engine.definitions.check import check
from engine.definitions.definition import Definition, Element
from engine.definitions.resources import Resources, read_resources
from engine.definitions.store import (
    callers,
    contents,
    current,
    deploy,
    deploy_directory,
    fingerprint,
    form_digest,
    forms_sent,
    in_force_with,
    load,
    may_put_into_force,
    names,
    require_owner,
    require_sound,
    require_whole,
    resources_again,
    resources_in_force,
    resources_of_version,
    stage,
    started_alone,
    take_turns,
    version,
    versions,
)

__all__ = ["Definition", "Element", "Resources", "callers", "check", "contents", "current", "deploy", "deploy_directory", "fingerprint", "form_digest", "forms_sent", "in_force_with", "load", "may_put_into_force", "names", "read_resources", "require_owner", "require_sound", "require_whole", "resources_again", "resources_in_force", "resources_of_version", "stage", "started_alone", "take_turns", "version", "versions"]  # fmt: skip
