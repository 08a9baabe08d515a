"""Settings: from the environment or from files, and whose word is taken for who asks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.dialects import postgresql
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request, Response

from engine.ground.database import address, for_driver
from web.server.config import Config
from web.server.proxies import Proxies


def test_a_secret_is_read_from_the_file_that_is_named_for_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("geheim-und-lang\n", "utf-8")
    assert Config.read({"SHOUWANG_SECRET_KEY_FILE": str(file)}).secret_key == "geheim-und-lang"
    assert Config.read({"SHOUWANG_IDLE_MINUTES_FILE": str(_with(tmp_path, "45"))}).idle_minutes == 45


def test_a_file_that_is_not_there_and_a_setting_given_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SHOUWANG_SECRET_KEY_FILE"):
        Config.read({"SHOUWANG_SECRET_KEY_FILE": str(tmp_path / "none")})
    both = {"SHOUWANG_SECRET_KEY": "a", "SHOUWANG_SECRET_KEY_FILE": str(_with(tmp_path, "b"))}
    with pytest.raises(ValueError, match="只能设一个"):
        Config.read(both)


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_PASSWORD", "METRICS_TOKEN", "IDLE_MINUTES"])
def test_a_file_that_says_nothing_is_refused(tmp_path: Path, name: str) -> None:
    for body in (b"", b"\n", b"\xef\xbb\xbf", "密".encode("gbk")):
        file = tmp_path / "said"
        file.write_bytes(body)
        with pytest.raises(ValueError, match=f"SHOUWANG_{name}_FILE"):
            Config.read({f"SHOUWANG_{name}_FILE": str(file)})
    with pytest.raises(ValueError, match=f"SHOUWANG_{name}_FILE"):
        Config.read({f"SHOUWANG_{name}_FILE": str(tmp_path)})


def test_a_secret_that_need_not_be_there_may_be_an_empty_file_and_a_windows_mark_is_none_of_it(
    tmp_path: Path,
) -> None:
    files = {
        name: str(_with(tmp_path, "")) for name in ("SHOUWANG_SMTP_PASSWORD_FILE", "SHOUWANG_WEBHOOKS_FILE")
    }
    assert Config.read(files).servers.webhooks == {}
    marked = tmp_path / "marked"
    marked.write_bytes("\ufeffgeheim-und-lang\r\n".encode())
    assert Config.read({"SHOUWANG_SECRET_KEY_FILE": str(marked)}).secret_key == "geheim-und-lang"


def _names() -> set[str]:
    """Every setting that the page of settings names."""
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    table = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `SHOUWANG_")]
    return {name for cell in table for name in re.findall(r"SHOUWANG_[A-Z_]+", cell)}


def test_what_is_set_to_nothing_is_not_set() -> None:
    present = Config.read({}, secret_key="x")
    assert Config.read(dict.fromkeys(_names(), ""), secret_key="x") == present


TEXTS = {
    "DATABASE_URL",
    "DATABASE_PASSWORD",
    "SECRET_KEY",
    "SMTP_HOST",
    "SMTP_USER",
    "SMTP_PASSWORD",
    "SMTP_SENDER",
}


@pytest.mark.parametrize("wrong", ["true", "yes", "on", "-1", "1.5", "９９９９９９９", "词"])
def test_a_number_or_a_choice_that_is_none_is_said_by_its_name(wrong: str) -> None:
    for name in _names() - {f"SHOUWANG_{one}" for one in TEXTS}:
        with pytest.raises(ValueError, match=f"{name}.*[。]$"):
            Config.read({name: wrong})


@given(st.text(min_size=1).filter(lambda text: text.strip() == text and "\0" not in text))
def test_any_password_of_the_database_arrives_as_it_was_given(password: str) -> None:
    from sqlalchemy import make_url

    found = Config.read(
        {"SHOUWANG_DATABASE_URL": "postgresql://shouwang@db/x", "SHOUWANG_DATABASE_PASSWORD": password}
    )
    url = make_url(found.database_url)
    assert (url.username, url.password, url.host) == ("shouwang", password, "db")


@pytest.mark.parametrize("url", ["postgresql://db/x", "postgresql://a:b@db/x", "sqlite:////tmp/x"])
def test_a_password_that_has_no_place_in_the_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SHOUWANG_DATABASE_PASSWORD"):
        Config.read({"SHOUWANG_DATABASE_URL": url, "SHOUWANG_DATABASE_PASSWORD": "x"})


def test_several_hosts_are_asked_for_the_one_that_takes_writes() -> None:
    url = address("postgresql://shouwang:p%40ss@one:5432,two,three:5433/name?connect_timeout=2")
    _, options = postgresql.psycopg.dialect().create_connect_args(url)
    assert (options["host"], options["port"]) == ("one,two,three", "5432,,5433")
    assert (options["user"], options["password"], options["dbname"]) == ("shouwang", "p@ss", "name")
    assert (options["target_session_attrs"], options["connect_timeout"]) == ("read-write", "2")


def test_background_jobs_look_for_their_queue_at_the_same_host() -> None:
    several = conninfo_to_dict(for_driver("postgresql://a:p%40ss@one:5432,two/name", options="-c x=y"))
    assert (several["host"], several["password"], several["options"]) == ("one,two", "p@ss", "-c x=y")
    assert several["target_session_attrs"] == "read-write" and "tcp_user_timeout" in several
    assert conninfo_to_dict(for_driver("postgresql+psycopg://a@one/name"))["dbname"] == "name"


def test_one_host_is_taken_as_it_is_and_given_up_when_it_has_vanished() -> None:
    _, options = postgresql.psycopg.dialect().create_connect_args(address("postgresql://a@one/name"))
    assert options["host"] == "one" and "target_session_attrs" not in options
    assert int(options["tcp_user_timeout"]) <= 20_000 and int(options["connect_timeout"]) <= 5
    assert address("sqlite:////tmp/x").render_as_string() == "sqlite:////tmp/x"


def _with(folder: Path, text: str) -> Path:
    file = folder / f"file-{text}"
    file.write_text(text, "utf-8")
    return file


def asked(proxies: str, peer: str, **headers: str) -> tuple[str, str]:
    """The address and the scheme that the application sees."""

    @Request.application
    def app(request: Request) -> Response:
        numbered = "X-Request-ID" in request.headers
        return Response(f"{request.remote_addr} {request.scheme} {request.host} {numbered}")

    sent = {**headers, "X-Request-ID": "5f0c7a1e9d3b4c6f8a2e1b7d9c0f3a5e"}
    environ = EnvironBuilder(
        base_url="http://shouwang.example", headers=sent, environ_base={"REMOTE_ADDR": peer}
    ).get_environ()
    said: Any = run_wsgi_app(Proxies.read(proxies).before(app), environ)[0]
    address, scheme, host, numbered = b"".join(said).decode().split()
    assert host == "shouwang.example"  # nobody is believed about the name
    assert numbered == str(peer == "172.28.0.10")
    return address, scheme


PROXY = "172.28.0.10,172.29.0.0/24"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("172.28.0.10", "203.0.113.9", "203.0.113.9"),
        ("172.28.0.10", "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        ("172.28.0.10", "10.9.9.9, 203.0.113.9, 172.29.0.7", "203.0.113.9"),
        ("172.28.0.10", "10.9.9.9, kein Ort, 172.29.0.7", "172.29.0.7"),
        ("172.28.0.10", "::ffff:203.0.113.9", "203.0.113.9"),
        ("172.28.0.10", "2001:db8::9", "2001:db8::9"),
        ("172.28.0.10", "", "172.28.0.10"),
        ("172.28.0.11", "203.0.113.9", "172.28.0.11"),
        ("203.0.113.66", "172.28.0.10", "203.0.113.66"),
    ],
)
def test_only_the_named_proxies_are_believed(peer: str, forwarded: str, address: str) -> None:
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    ours = peer == "172.28.0.10"
    assert asked(PROXY, peer, **headers) == (address, "https" if ours else "http")


@given(st.lists(st.ip_addresses().map(str), max_size=4))
def test_no_forged_beginning_moves_the_caller(forged: list[str]) -> None:
    forwarded = ", ".join([*forged, "203.0.113.9"])
    assert asked(PROXY, "172.28.0.10", **{"X-Forwarded-For": forwarded})[0] == "203.0.113.9"


@pytest.mark.parametrize("text", ["6", "-1", "nginx", "10.0.0.0/33", "10.0.0.5/24", "10.0.0.5,", "*"])
def test_what_names_no_proxies_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SHOUWANG_TRUSTED_PROXIES"):
        Proxies.read(text)


def test_the_log_and_the_figures_are_as_set() -> None:
    assert Config.read({}).log.form == "plain" and Config.read({}).metrics.token == ""
    found = Config.read({"SHOUWANG_LOG": "json", "SHOUWANG_METRICS_TOKEN": "x" * 16})
    assert found.log.form == "json" and found.metrics.token == "x" * 16


@pytest.mark.parametrize(
    "wrong",
    [
        {"SHOUWANG_LOG": "xml"},
        {"SHOUWANG_LOG_LEVEL": "debug"},
        {"SHOUWANG_METRICS_TOKEN": "short"},
        {"SHOUWANG_METRICS_TOKEN": "监" * 16},
        {"SHOUWANG_METRICS_TOKEN": "two words of a token"},
        {"SHOUWANG_METRICS_SECONDS": "1"},
    ],
)
def test_a_setting_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Config.read(wrong)


def test_a_setting_that_is_none_is_named_and_one_written_wrongly_refused() -> None:
    for wrong, meant in (
        ("THREDS", "THREADS"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("METRIC_TOKEN", "METRICS_TOKEN"),
        ("BACKUPS_DAYS", "BACKUP_DAYS"),
    ):
        with pytest.raises(ValueError, match=f"没有 SHOUWANG_{wrong} 这项设置，是不是 SHOUWANG_{meant}？"):
            Config.read({f"SHOUWANG_{wrong}_FILE": __file__})
        with pytest.raises(ValueError, match=f"没有 SHOUWANG_{wrong} 这项设置"):
            Config.read({f"SHOUWANG_{wrong}": "x"})
    others = {"SHOUWANG_PORT": "tcp://10.0.0.1:80", "SHOUWANG_SERVICE_HOST": "10.0.0.1", "PATH": "/bin"}
    assert Config.read(others).unknown == ("SHOUWANG_PORT", "SHOUWANG_SERVICE_HOST")  # Kubernetes' own
    beside = dict.fromkeys(("SHOUWANG_IMAGE", "SHOUWANG_BACKUP_AT", "SHOUWANG_TEST_PROCESSES"), "1")
    assert Config.read(beside | dict.fromkeys(_names(), "")).unknown == ()
