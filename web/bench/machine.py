"""What was measured on: so that two sets of figures are compared only where they may be."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from engine.ground.clock import CHINA, SYSTEM

LIBRARIES = ("SQLAlchemy", "SpiffWorkflow", "Flask", "waitress", "psycopg")


def described() -> dict[str, Any]:
    """Product, day, machine and libraries."""
    now: datetime = SYSTEM.now()
    return {
        "version": _version("shouwang"),
        "date": now.astimezone(CHINA).date().isoformat(),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count() or 1,
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
            "system": f"{platform.system()} {platform.machine()}",
            "load": round(os.getloadavg()[0], 2),
        },
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def database_of(engine: Engine) -> dict[str, str]:
    """Kind and version of the database."""
    if engine.dialect.name == "sqlite":
        return {"database": "SQLite", "database_version": sqlite3.sqlite_version}
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SHOW server_version").scalar_one()
    return {"database": "PostgreSQL", "database_version": str(found).split()[0]}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """The processor's name, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()
