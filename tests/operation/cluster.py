"""The database machines of docker/compose.ha.yaml on one loopback: three voters, two nodes with the data.

What decides is what is shipped: docker/ha/patroni.yaml and first.sh, with other places and ports.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.operation.harness import ROOT, free_port, until
from tests.support.postgres import NOBODY

PASSWORD = "Probe-2022"
SHIPPED = ROOT / "docker" / "ha"
STARTS = 120.0
"""Seconds within which a node has made or copied its data."""


@dataclass
class Child:
    """A program of the cluster, run by nobody in particular: PostgreSQL refuses to run as root."""

    name: str
    folder: Path
    command: list[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, or begin again."""
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        with (self.folder / f"{self.name}.log").open("ab") as output:
            self.process = subprocess.Popen(
                [*(drop if os.geteuid() == 0 else []), *self.command],
                cwd=self.folder,
                env=dict(self.environment),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def clear_away(self) -> None:
        """End it and what it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def said(self) -> str:
        """The end of what it wrote."""
        return (self.folder / f"{self.name}.log").read_text(errors="replace")[-2000:]


@dataclass
class Node:
    """One of the machines that keep the data."""

    name: str
    folder: Path
    port: int
    rest: int
    patroni: Child = field(init=False)

    def kill(self) -> None:
        """As when the machine loses its power: Patroni and PostgreSQL are gone, and nothing tidied up."""
        self.patroni.kill()
        with suppress(ProcessLookupError):
            os.kill(self._postmaster(), signal.SIGKILL)

    def _postmaster(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def clear_away(self) -> None:
        """End Patroni and the server that it started."""
        self.patroni.clear_away()
        with suppress(OSError, ValueError, IndexError):
            os.kill(self._postmaster(), signal.SIGKILL)


class Cluster:
    """Voters and nodes; `url` leads to whichever node leads."""

    def __init__(self, folder: Path, patroni: str, binaries: Path) -> None:
        self._folder, self._patroni, self._binaries = folder, patroni, binaries
        self._place_secrets()
        self.voters = self._vote()
        self.nodes = {name: self._node(name) for name in ("one", "two")}
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes.values())
        authority = self._folder / "authority"
        self._trusts = ssl.create_default_context(cafile=str(authority))
        known = f"sslmode=verify-full&sslrootcert={authority}"
        self.url = f"postgresql://shouwang:{PASSWORD}@{hosts}/shouwang?{known}"

    def _place_secrets(self) -> None:
        for shipped in ("first.sh", "patroni.yaml"):
            shutil.copy(SHIPPED / shipped, self._folder)
        here = "127.0.0.1"
        subprocess.run([SHIPPED / "certificates.sh", self._folder / "made", here], check=True)
        for name in ("authority", "database_certificate", "database_key"):
            shutil.copy(self._folder / "made" / here / name, self._folder)
        if os.geteuid() == 0:
            shutil.chown(self._folder / "database_key", NOBODY, NOBODY)

    def _vote(self) -> dict[str, Child]:
        ports = {name: (free_port(), free_port()) for name in ("a", "b", "c")}
        self._clients = ",".join(f"127.0.0.1:{client}" for client, _ in ports.values())
        everyone = ",".join(f"{name}=https://127.0.0.1:{peer}" for name, (_, peer) in ports.items())
        made = {}
        for name, (client, peer) in ports.items():
            where = {
                "name": name,
                "data-dir": str(self._own(f"voter-{name}")),
                "listen-peer-urls": f"https://127.0.0.1:{peer}",
                "initial-advertise-peer-urls": f"https://127.0.0.1:{peer}",
                "listen-client-urls": f"https://127.0.0.1:{client}",
                "advertise-client-urls": f"https://127.0.0.1:{client}",
                "initial-cluster": everyone,
                "client-cert-auth": "true",
                "peer-client-cert-auth": "true",
            }
            for whom in ("", "peer-"):
                where[f"{whom}trusted-ca-file"] = str(self._folder / "authority")
                where[f"{whom}cert-file"] = str(self._folder / "database_certificate")
                where[f"{whom}key-file"] = str(self._folder / "database_key")
            command = ["etcd", *(f"--{key}={value}" for key, value in where.items())]
            made[name] = Child(f"voter-{name}", self._folder, command, {"PATH": os.environ["PATH"]})
        return made

    def _own(self, name: str) -> Path:
        """A folder that the programs may write."""
        found = self._folder / name
        found.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(found, NOBODY, NOBODY)
        return found

    def _node(self, name: str) -> Node:
        node = Node(name, self._own(f"node-{name}"), free_port(), free_port())
        text = (self._folder / "patroni.yaml").read_text("utf-8")
        for shipped, here in (
            ("/run/secrets/", f"{self._folder}/"),
            ("/etc/shouwang/", f"{self._folder}/"),
            ("/var/run/postgresql", str(node.folder)),
            ("/tmp/pgpass", str(node.folder / "pgpass")),
            ("pgbackrest --stanza=shouwang archive-push %p", "/bin/true"),
            ("pgbackrest --stanza=shouwang archive-get %f %p", "/bin/false"),
        ):
            assert shipped in text
            text = text.replace(shipped, here)
        (self._folder / f"{name}.yaml").write_text(text, "utf-8")
        environment = {
            "PATH": f"{self._binaries}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "DATABASE_PASSWORD": PASSWORD,
            "PATRONI_NAME": name,
            "PATRONI_ETCD3_HOSTS": self._clients,
            "PATRONI_SUPERUSER_USERNAME": "postgres",
            "PATRONI_SUPERUSER_PASSWORD": PASSWORD,
            "PATRONI_REPLICATION_USERNAME": "replicator",
            "PATRONI_REPLICATION_PASSWORD": PASSWORD,
            "PATRONI_POSTGRESQL_BIN_DIR": str(self._binaries),
            "PATRONI_POSTGRESQL_DATA_DIR": str(node.folder / "data"),
            "PATRONI_POSTGRESQL_LISTEN": f"127.0.0.1:{node.port}",
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"127.0.0.1:{node.port}",
            "PATRONI_RESTAPI_LISTEN": f"127.0.0.1:{node.rest}",
            "PATRONI_RESTAPI_CONNECT_ADDRESS": f"127.0.0.1:{node.rest}",
        }
        command = [self._patroni, str(self._folder / f"{name}.yaml")]
        node.patroni = Child(f"node-{name}", self._folder, command, environment)
        return node

    def start(self) -> None:
        """Until one leads and the other keeps up with each commit."""
        for voter in self.voters.values():
            voter.start()
        for node in self.nodes.values():
            node.patroni.start()
        self.wait_until_whole()

    def members(self) -> list[dict[str, Any]]:
        """What the nodes say of each other; nothing while none answers."""
        for node in self.nodes.values():
            with (
                suppress(URLError, OSError),
                urlopen(f"https://127.0.0.1:{node.rest}/cluster", context=self._trusts) as answer,
            ):
                return list(json.load(answer)["members"])
        return []

    def roles(self) -> dict[str, str]:
        """By node, of those that run: leader, sync_standby or replica."""
        return {
            one["name"]: one["role"] for one in self.members() if one.get("state") in ("running", "streaming")
        }

    def leader(self) -> Node:
        """Who leads."""
        (name,) = (name for name, role in self.roles().items() if role == "leader")
        return self.nodes[name]

    def wait_until_whole(self) -> None:
        """Until a leader has a standby that has everything."""
        until(lambda: sorted(self.roles().values()) == ["leader", "sync_standby"], self._said(), STARTS)

    def _said(self) -> str:
        return "the cluster is not whole; see node-*.log in " + str(self._folder)

    def switch(self) -> None:
        """Let the other one lead, in good order."""
        present = self.leader()
        (other,) = (name for name in self.nodes if name != present.name)
        body = json.dumps({"leader": present.name, "candidate": other}).encode()
        request = Request(f"https://127.0.0.1:{present.rest}/switchover", body, method="POST")
        with urlopen(request, timeout=60, context=self._trusts) as answer:
            assert answer.status == 200
        until(lambda: self.roles().get(other) == "leader", "the other does not lead", STARTS)

    def clear_away(self) -> None:
        """End all of it."""
        for node in self.nodes.values():
            node.clear_away()
        for voter in self.voters.values():
            voter.clear_away()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster for as long as the block lasts; the programs are those that docker/failover.sh found."""
    folder = Path(tempfile.mkdtemp(prefix="shouwang-cluster-"))
    folder.chmod(0o755)
    made = Cluster(folder, os.environ["PATRONI"], Path(os.environ["POSTGRES_BINARIES"]))
    try:
        made.start()
        yield made
    except BaseException:
        for node in made.nodes.values():
            print(node.patroni.said())
        raise
    finally:
        made.clear_away()
        shutil.rmtree(folder, ignore_errors=True)
