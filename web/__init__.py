"""The Flask application: pages, API and command line. Knows the engine, never SpiffWorkflow."""

from web.application import create_app

__all__ = ["create_app"]
