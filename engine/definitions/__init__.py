"""Definitions: parse safely, check, deploy as immutable versions, load from cache."""

from engine.definitions.check import check
from engine.definitions.definition import Definition, Element
from engine.definitions.store import current, deploy, deploy_directory, load, read_resources

__all__ = ["Definition", "Element", "check", "current", "deploy", "deploy_directory", "load", "read_resources"]
