"""Configuration: `SHOUWANG_*` environment variables, described in docs/configuration.md."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.casework.papers.fonts import Fonts
from engine.casework.telling.delivery import Servers, read_webhooks
from engine.ground import text as normal
from engine.ground.database import Patience
from engine.prevention.installation import INSTANCE
from web.server.proxies import Proxies

_TOKEN = re.compile(r"[!-~]{16,}")
"""What a header carries as it is (RFC 9110, 5.5)."""
MAY_BE_EMPTY = ("SHOUWANG_SMTP_PASSWORD", "SHOUWANG_WEBHOOKS")
"""Of a container's secrets those that an installation need not have; its file is there and empty."""
BESIDE = tuple(f"SHOUWANG_{name}" for name in "BACKUPS BACKUP_AT BACKUP_DAYS COPY DATABASE IMAGE".split())
"""What the scripts in docker/ are told, which begin the program."""
OURS, TESTS = "SHOUWANG_", "SHOUWANG_TEST_"
ALIKE = 0.8
"""From so much on (difflib's ratio) a name is a setting's written wrongly."""


@dataclass(frozen=True)
class Capacity:
    """How much one process does at once, and how long it waits for what is held."""

    threads: int = 16
    connections: int = 1000
    idle_connection_seconds: int = 30
    patience: Patience = field(default_factory=lambda: Patience(5, 60, 300))

    @property
    def writers(self) -> int:
        """Transactions that may write at a time: the other threads stay for those who read."""
        return max(2, self.threads // 2)


@dataclass(frozen=True)
class Stopping:
    """How a process ends that is asked to."""

    notice_seconds: int = 0
    """It says that it is not ready, and still takes what comes, for so long: who distributes hears of it."""
    stop_seconds: int = 30
    """For what is under way; what takes longer is rolled back, and done again by whoever comes next."""


@dataclass(frozen=True)
class Log:
    """How the process writes its log: `plain` or `json`, from `info` or `warning` on."""

    form: str = "plain"
    level: str = "info"


@dataclass(frozen=True)
class Metrics:
    """Who may read the process's figures, and how old those from the database may be."""

    token: str = ""
    seconds: int = 15


@dataclass(frozen=True)
class Config:
    """The settings of one process."""

    database_url: str
    secret_key: str
    demo: bool = False
    scheduler: bool = True
    secure_cookies: bool = True
    idle_minutes: int = 30
    trusted_proxies: Proxies = field(default_factory=Proxies)
    """The proxies of our own before the process; each adds the address that it was asked from."""
    max_upload_mb: int = 32
    servers: Servers = field(default_factory=Servers)
    capacity: Capacity = field(default_factory=Capacity)
    stopping: Stopping = field(default_factory=Stopping)
    fonts: Fonts = field(default_factory=Fonts)
    log: Log = field(default_factory=Log)
    metrics: Metrics = field(default_factory=Metrics)
    heartbeat: bool = False
    """Whether the process says in the database that it runs."""
    unknown: tuple[str, ...] = ()
    """Names that begin as settings do and are none."""

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, **fixed: object) -> Config:
        """Settings from the environment, or from the files it names; `fixed` ones win.
        Without a secret a new one is made for this process.
        """
        environ = _Asked(
            {name: said for name, said in _from_files(environ).items() if said}
        )  # empty: not set
        values: dict[str, object] = {
            "database_url": _database(environ),
            "secret_key": environ.get("SHOUWANG_SECRET_KEY") or secrets.token_hex(32),
            "demo": _switch(environ, "DEMO", on=False),
            "scheduler": _switch(environ, "SCHEDULER", on=True),
            "secure_cookies": _switch(environ, "SECURE_COOKIES", on=True),
            "idle_minutes": _whole(environ, "IDLE_MINUTES", 30, 1, 1440),
            "trusted_proxies": Proxies.read(environ.get("SHOUWANG_TRUSTED_PROXIES") or "0"),
            "max_upload_mb": _whole(environ, "MAX_UPLOAD_MB", 32, 1, 1024),
            "servers": _servers(environ),
            "capacity": _capacity(environ),
            "stopping": _stopping(environ),
            "fonts": _fonts(environ),
            "log": _log(environ),
            "metrics": _metrics(environ),
        }
        values["unknown"] = environ.unknown()
        return cls(**{**values, **fixed})  # type: ignore[arg-type]


class _Asked(dict[str, str]):
    """The environment, which notes what it was asked for: those are the settings that there are."""

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__(said)
        self._known = set(BESIDE)

    def get(self, name: str, default: Any = None) -> Any:
        """A setting, and that there is one of this name."""
        self._known.add(name)
        return super().get(name, default)

    def unknown(self) -> tuple[str, ...]:
        """Names of ours that nobody asked for. Raises ValueError for one that is nearly a setting's: who
        wrote it means that one.
        """
        ours = (name for name in self if name.startswith(OURS) and not name.startswith(TESTS))
        found = sorted(name for name in ours if name.removesuffix("_FILE") not in self._known)
        known = sorted(name.removeprefix(OURS) for name in self._known)
        for name in found:
            meant = get_close_matches(name.removeprefix(OURS).removesuffix("_FILE"), known, 1, ALIKE)
            if meant:
                raise ValueError(
                    f"没有 {name} 这项设置，是不是 {OURS}{meant[0]}？写错的不起作用，所以不启动。"
                )
        return tuple(found)


def _from_files(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The settings, those among them that `SHOUWANG_…_FILE` names a file for.

    What is in the environment is seen by whoever may look at the process, a secret in a file by whoever may
    read the file.

    Raises ValueError for a file that cannot be read or is empty, and for a setting that is given twice.
    """
    found = dict(environ)
    for name, path in environ.items():
        setting = name.removesuffix("_FILE")
        if setting == name or not name.startswith("SHOUWANG_") or not path:
            continue
        if environ.get(setting):
            raise ValueError(f"{setting} 和 {name} 只能设一个。")
        try:
            found[setting] = Path(path).read_text("utf-8-sig").strip()  # Windows begins files with a mark
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{name}：读不了文件 {path}。") from error
        if not found[setting] and setting not in MAY_BE_EMPTY:
            raise ValueError(f"{name}：文件 {path} 是空的。")
    return found


def _database(environ: Mapping[str, str]) -> str:
    """The database's URL, with the password that is given apart from it. Raises ValueError."""
    url = environ.get("SHOUWANG_DATABASE_URL") or f"sqlite:///{INSTANCE / 'shouwang.sqlite'}"
    password = environ.get("SHOUWANG_DATABASE_PASSWORD", "")
    if not password:
        return url
    scheme, _, rest = url.partition("://")
    user, at, where = rest.partition("@")
    if not at or not user or ":" in user:
        raise ValueError("SHOUWANG_DATABASE_PASSWORD：SHOUWANG_DATABASE_URL 里要有用户名，不要有密码。")
    return f"{scheme}://{user}:{quote(password, safe='')}@{where}"


def _log(environ: Mapping[str, str]) -> Log:
    """Raises ValueError for a form or level that there is not."""
    found = Log(environ.get("SHOUWANG_LOG", "plain"), environ.get("SHOUWANG_LOG_LEVEL", "info"))
    if found.form not in ("plain", "json"):
        raise ValueError("SHOUWANG_LOG 只能是 plain 或 json。")
    if found.level not in ("info", "warning"):
        raise ValueError("SHOUWANG_LOG_LEVEL 只能是 info 或 warning。")
    return found


def _metrics(environ: Mapping[str, str]) -> Metrics:
    """Raises ValueError for a token that could be guessed, and for seconds out of range."""
    token = environ.get("SHOUWANG_METRICS_TOKEN", "")
    if token and not _TOKEN.fullmatch(token):
        raise ValueError("SHOUWANG_METRICS_TOKEN 至少 16 个字符，只能是字母、数字和英文符号，中间没有空格。")
    return Metrics(token, _whole(environ, "METRICS_SECONDS", Metrics.seconds, 5, 600))


def _switch(environ: Mapping[str, str], name: str, *, on: bool) -> bool:
    """Raises ValueError for anything but 1 and 0: who writes `true` must not get the opposite."""
    said = environ.get(f"SHOUWANG_{name}", "1" if on else "0")
    if said not in ("0", "1"):
        raise ValueError(f"SHOUWANG_{name} 只能是 0 或 1。")
    return said == "1"


def _whole(environ: Mapping[str, str], name: str, present: int, low: int, high: int) -> int:
    text = environ.get(f"SHOUWANG_{name}", "")
    if not text:
        return present
    found = normal.whole(text, high)
    if found is None or found < low:
        raise ValueError(f"SHOUWANG_{name} 只能是 {low} 到 {high} 的整数。")
    return found


def _stopping(environ: Mapping[str, str]) -> Stopping:
    """Raises ValueError for what is no number, or out of range."""
    default = Stopping()
    return Stopping(
        notice_seconds=_whole(environ, "NOTICE_SECONDS", default.notice_seconds, 0, 300),
        stop_seconds=_whole(environ, "STOP_SECONDS", default.stop_seconds, 1, 600),
    )


def _capacity(environ: Mapping[str, str]) -> Capacity:
    """Threads, connections and patience. Raises ValueError for what is no number, or out of range."""
    default, whole = Capacity(), partial(_whole, environ)
    patience = Patience(
        lock_seconds=whole("LOCK_SECONDS", int(default.patience.lock_seconds), 1, 600),
        statement_seconds=whole("STATEMENT_SECONDS", int(default.patience.statement_seconds), 0, 86_400),
        idle_seconds=default.patience.idle_seconds,
    )
    return Capacity(
        threads=whole("THREADS", default.threads, 4, 200),
        connections=whole("CONNECTIONS", default.connections, 50, 100_000),
        idle_connection_seconds=whole("IDLE_CONNECTION_SECONDS", default.idle_connection_seconds, 5, 3600),
        patience=patience,
    )


def _fonts(environ: Mapping[str, str]) -> Fonts:
    """The fonts for papers. Raises ValueError where the office's folder is not there, or has no font."""
    folder = environ.get("SHOUWANG_FONTS", "")
    found = Fonts(Path(folder).absolute() if folder else None)
    if folder and not found.families:
        raise ValueError(f"SHOUWANG_FONTS：文件夹 {folder} 里没有字体文件（.ttf、.otf、.ttc）。")
    return found


def _servers(environ: Mapping[str, str]) -> Servers:
    """Where messages leave the system to. Raises ValueError for what is written wrongly."""
    security = environ.get("SHOUWANG_SMTP_SECURITY", "starttls")
    if security not in ("none", "starttls", "tls"):
        raise ValueError("SHOUWANG_SMTP_SECURITY 只能是 none、starttls 或 tls。")
    return Servers(
        smtp_host=environ.get("SHOUWANG_SMTP_HOST", ""),
        smtp_port=_whole(environ, "SMTP_PORT", 25, 1, 65_535),
        smtp_security=security,
        smtp_user=environ.get("SHOUWANG_SMTP_USER", ""),
        smtp_password=environ.get("SHOUWANG_SMTP_PASSWORD", ""),
        smtp_sender=environ.get("SHOUWANG_SMTP_SENDER", ""),
        webhooks=read_webhooks(environ.get("SHOUWANG_WEBHOOKS", "")),
    )


def prepare_folder(database_url: str) -> None:
    """Make the folder of an SQLite file."""
    if database_url.startswith("sqlite:///"):
        Path(database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
