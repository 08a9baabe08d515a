"""A county to try the system in: invented households, officials of every level, cases at every stage."""

from engine.prevention.demo.populate import COUNTY, PASSWORD, ROLES, populate

__all__ = ["COUNTY", "PASSWORD", "ROLES", "populate"]
