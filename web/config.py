"""Configuration: `SHOUWANG_*` environment variables, described in docs/configuration.md."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.delivery import Servers, read_webhooks
from engine.installation import ROOT


@dataclass(frozen=True)
class Config:
    """The settings of one process."""

    database_url: str
    secret_key: str
    demo: bool = False
    scheduler: bool = True
    secure_cookies: bool = True
    idle_minutes: int = 30
    max_upload_mb: int = 32
    servers: Servers = field(default_factory=Servers)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, **fixed: object) -> Config:
        """Settings from the environment; `fixed` ones win. Without a secret a new one is made for this process."""
        values: dict[str, object] = {
            "database_url": environ.get("SHOUWANG_DATABASE_URL", f"sqlite:///{ROOT / 'instance' / 'shouwang.sqlite'}"),
            "secret_key": environ.get("SHOUWANG_SECRET_KEY") or secrets.token_hex(32),
            "demo": environ.get("SHOUWANG_DEMO", "0") == "1",
            "scheduler": environ.get("SHOUWANG_SCHEDULER", "1") == "1",
            "secure_cookies": environ.get("SHOUWANG_SECURE_COOKIES", "1") == "1",
            "idle_minutes": int(environ.get("SHOUWANG_IDLE_MINUTES", "30")),
            "max_upload_mb": int(environ.get("SHOUWANG_MAX_UPLOAD_MB", "32")),
            "servers": _servers(environ),
        }
        return cls(**{**values, **fixed})  # type: ignore[arg-type]


def _servers(environ: Mapping[str, str]) -> Servers:
    """Where messages leave the system to. Raises ValueError for what is written wrongly."""
    security = environ.get("SHOUWANG_SMTP_SECURITY", "starttls")
    if security not in ("none", "starttls", "tls"):
        raise ValueError("SHOUWANG_SMTP_SECURITY 只能是 none、starttls 或 tls。")
    return Servers(
        smtp_host=environ.get("SHOUWANG_SMTP_HOST", ""), smtp_port=int(environ.get("SHOUWANG_SMTP_PORT", "25")),
        smtp_security=security, smtp_user=environ.get("SHOUWANG_SMTP_USER", ""),
        smtp_password=environ.get("SHOUWANG_SMTP_PASSWORD", ""), smtp_sender=environ.get("SHOUWANG_SMTP_SENDER", ""),
        webhooks=read_webhooks(environ.get("SHOUWANG_WEBHOOKS", "")),
    )  # fmt: skip


def prepare_folder(database_url: str) -> None:
    """Make the folder of an SQLite file."""
    if database_url.startswith("sqlite:///"):
        Path(database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
