"""The engine's declarative base bound by Flask-SQLAlchemy."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.ground.database import HIDING, address, configure, session_factory
from engine.ground.tables import Base
from web.server import logs
from web.server.config import Capacity


class _Session(FlaskSession):
    """One database, whatever is asked for: the library looks for it at every statement."""

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        self._only = db.engine

    def get_bind(self, *_: Any, **__: Any) -> Engine:
        return self._only


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "class_": _Session})


SCHEDULED = 4
"""Connections that the scheduler's jobs need besides the threads that answer."""


def bind(app: Flask, url: str, capacity: Capacity) -> None:
    """Bind the application to the database at `url`, with a connection for each thread."""
    app.config["SQLALCHEMY_DATABASE_URI"] = address(url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        **HIDING,
        "pool_size": capacity.threads + SCHEDULED,
        "max_overflow": 0,
        "pool_timeout": capacity.patience.lock_seconds,
    }
    db.init_app(app)
    with app.app_context():
        configure(db.engine, capacity.patience, capacity.writers)
        logs.count_statements(db.engine)


def session() -> Session:
    """The session of the present request."""
    return db.session()


def let_go() -> None:
    """Forget what the present request has read or begun: its connection may have gone."""
    with suppress(SQLAlchemyError):
        db.session.rollback()
        return
    with suppress(SQLAlchemyError):
        db.session().invalidate()


def sessions(app: Flask) -> sessionmaker[Session]:
    """Sessions for work outside requests: the scheduler, the command line."""
    with app.app_context():
        return session_factory(db.engine)
