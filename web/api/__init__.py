"""REST API, version 1."""

from web.api.application import register

__all__ = ["register"]
