"""The engine's declarative base bound by Flask-SQLAlchemy."""

from __future__ import annotations

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session, sessionmaker

from engine.database import configure, session_factory
from engine.models import Base

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def url_for_driver(url: str) -> str:
    """The URL with the driver that we ship."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def bind(app: Flask, url: str) -> None:
    """Bind the application to the database at `url`."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url_for_driver(url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True} if url.startswith("postgresql") else {}
    db.init_app(app)
    with app.app_context():
        configure(db.engine)


def session() -> Session:
    """The session of the present request."""
    return db.session()


def sessions(app: Flask) -> sessionmaker[Session]:
    """Sessions for work outside requests: the scheduler, the command line."""
    with app.app_context():
        return session_factory(db.engine)
