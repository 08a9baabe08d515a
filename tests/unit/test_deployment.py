"""What docker/ says of the product agrees with the product, and its parts with each other."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from web.server.config import Capacity, Config

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
SETTING = re.compile(r"\bSHOUWANG_[A-Z_]*[A-Z]")


def read(name: str) -> str:
    return (DOCKER / name).read_text("utf-8")


def only(pattern: str, text: str) -> str:
    """The one thing that the text says there."""
    (found,) = set(re.findall(pattern, text))
    return str(found)


def test_the_door_is_as_wide_as_the_application() -> None:
    config, nginx = Config.read({}), read("nginx.conf")
    # One more, so that who sends too much reads the application's sentence, not nginx's.
    assert int(only(r"client_max_body_size (\d+)m;", nginx)) == config.max_upload_mb + 1
    assert float(only(r"\n    proxy_read_timeout (\d+)s;", nginx)) > Capacity().patience.statement_seconds
    assert int(only(r"\n        keepalive_timeout (\d+)s;", nginx)) < Capacity().idle_connection_seconds


def test_the_door_is_the_one_proxy_that_is_believed() -> None:
    compose, nginx = read("compose.yaml"), read("nginx.conf")
    believed = only(r"SHOUWANG_TRUSTED_PROXIES: (\S+)", compose)
    door, *webs = re.findall(r"ipv4_address: (\S+)", compose)
    assert believed == door
    assert re.findall(r"server ([\d.]+):8000", nginx) == webs
    assert "X-Forwarded-For $remote_addr;" in nginx  # replaced, not added to
    assert nginx.count("proxy_set_header") == len(
        re.findall(r"\n    proxy_set_header", nginx)
    )  # none is lost


@pytest.mark.parametrize(
    "name",
    [
        "compose.yaml",
        "compose.ha.yaml",
        "nightly.sh",
        *(f"systemd/{unit.name}" for unit in sorted((DOCKER / "systemd").iterdir())),
    ],
)
def test_every_setting_and_secret_is_explained(name: str) -> None:
    text = read(name)
    explained = "".join(
        (ROOT / "docs" / page).read_text("utf-8") for page in ("configuration.md", "deployment.md")
    )
    settings = {found.removesuffix("_FILE") for found in SETTING.findall(text)}
    secrets = set(re.findall(r"file: secrets/(\w+)", text))
    assert [one for one in sorted(settings | secrets) if f"`{one}`" not in explained] == []


def test_what_is_set_beside_the_compose_file_reaches_what_it_is_for() -> None:
    """A setting that pages let one write into docker/.env, or that a script in a container reads."""
    compose = read("compose.yaml")
    taken = set(re.findall(r"\$\{(SHOUWANG_[A-Z_]+)", compose))
    head = compose[: compose.index("\nname:")]
    assert taken == set(SETTING.findall(head.partition("Settings of the place")[2]))
    assert set(SETTING.findall(read("nightly.sh"))) <= taken
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    assert [one for one in sorted(taken) if f"`{one}`" not in page and f"\n{one}=" not in page] == []


def test_every_setting_of_the_program_is_on_the_page_of_settings() -> None:
    """The page's names are all known to the program: tests/unit/test_settings.py."""
    text = (ROOT / "web" / "server" / "config.py").read_text("utf-8")
    said = set(re.findall(r"\bSHOUWANG_[A-Z_]*[A-Z]\b", text))
    short = re.findall(r"_(?:whole|switch)\(\s*environ,\s*\"([A-Z_]+)\"", text)
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    names = said | {f"SHOUWANG_{one}" for one in short}
    assert [
        one for one in sorted(names) if f"`{one}`" not in page and not one.startswith("SHOUWANG_TEST")
    ] == []


def test_the_image_holds_what_the_package_holds() -> None:
    taken = set(re.findall(r"^!(\S+)$", read("Dockerfile.dockerignore"), re.M))
    copied = {
        one for line in re.findall(r"^COPY (?!--)(.+) \S+$", read("Dockerfile"), re.M) for one in line.split()
    }
    assert {one.split("/")[0] for one in copied} == taken
    assert all((ROOT / one).exists() for one in taken)


def test_each_database_machine_shows_that_it_is_that_one(tmp_path: Path) -> None:
    make = [DOCKER / "ha" / "certificates.sh", tmp_path / "made"]
    subprocess.run([*make, "10.0.0.1", "two.example"], check=True)
    authority = (tmp_path / "made" / "authority").read_bytes()
    subprocess.run([*make, "10.0.0.1"], check=True)  # that machine was replaced
    assert (tmp_path / "made" / "authority").read_bytes() == authority
    for address, name in (("10.0.0.1", "-verify_ip"), ("two.example", "-verify_hostname")):
        own = tmp_path / "made" / address
        for certificate in ("database_certificate", "etcd_certificate"):
            asked = ["openssl", "verify", "-CAfile", own / "authority", name, address, own / certificate]
            subprocess.run(asked, check=True, capture_output=True)
        assert (own / "etcd_key").stat().st_mode & 0o777 == 0o400
        assert {one.name for one in own.iterdir()} <= set(
            re.findall(r"file: secrets/(\w+)", read("compose.ha.yaml"))
        )
    assert "http://" not in read("compose.ha.yaml") + read("ha/start.sh") + read("ha/Dockerfile")
