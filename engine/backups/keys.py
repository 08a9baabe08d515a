"""What a backup is sealed with: a passphrase that people remember, or a file of random bytes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.ground.errors import Invalid

SHORTEST_PASSPHRASE = 12
"""Characters: whoever has the file may try as long as they like."""
SHORTEST_FILE, LONGEST_FILE = 32, 4096
"""Bytes of a key file."""
SALT_BYTES = 32
_SCRYPT = {"n": 2**17, "r": 8, "p": 1}
"""128 MB of memory and some tenths of a second for each passphrase that is tried (RFC 7914; OWASP)."""
_MOST = {"n": 2**20, "r": 16, "p": 4}
"""More than that no file may ask for."""
_WORDS = {"passphrase": "口令（--passphrase-file）", "file": "密钥文件（--key-file）"}


class BadBackup(Invalid):
    """The file is no backup, is damaged, was cut or changed, is of a newer release, or the key is another."""

    code = "bad_backup"


@dataclass(frozen=True)
class Secret:
    """What somebody gave to seal or open a backup with; `kind`: passphrase, file."""

    kind: str
    value: bytes


@dataclass(frozen=True)
class Keys:
    """What a secret comes to for one file: no other file has the same."""

    chunks: bytes
    head: bytes

    def mark(self, head: bytes) -> str:
        """What shows that the head was written with this key, hexadecimal."""
        return hmac.new(self.head, head, hashlib.sha256).hexdigest()[:32]


def passphrase(path: Path) -> Secret:
    """The passphrase in the first line of a file. Raises Invalid for one that is short, or no text."""
    try:
        text = path.read_bytes().decode().lstrip("\ufeff").split("\n")[0].rstrip("\r")
    except UnicodeDecodeError as error:
        raise Invalid("口令文件不是文字（UTF-8）：随机的字节请用 --key-file。") from error
    if len(text) < SHORTEST_PASSPHRASE:
        raise Invalid(f"口令太短：至少 {SHORTEST_PASSPHRASE} 个字，写在文件的第一行。")
    return Secret("passphrase", text.encode())


def key_file(path: Path) -> Secret:
    """The bytes of a key file, less the end of its last line. Raises Invalid for one of another length."""
    with path.open("rb") as stream:
        value = stream.read(LONGEST_FILE + 3).rstrip(b"\r\n")
    if not SHORTEST_FILE <= len(value) <= LONGEST_FILE:
        raise Invalid(
            f"密钥文件应有 {SHORTEST_FILE} 到 {LONGEST_FILE} 字节，例如：head -c 32 /dev/urandom | base64 > 文件"
        )
    return Secret("file", value)


def new_lock(secret: Secret) -> dict[str, Any]:
    """What the head of a new file says of its key: how it is got from the secret, never the key."""
    lock: dict[str, Any] = {"kind": secret.kind, "salt": secrets.token_hex(SALT_BYTES)}
    return lock | (_SCRYPT if secret.kind == "passphrase" else {})


def unlock(secret: Secret, lock: Mapping[str, Any]) -> Keys:
    """The keys of the file whose head says `lock`. Raises BadBackup where another kind of secret is asked."""
    kind, salt = lock["kind"], bytes.fromhex(lock["salt"])
    if kind != secret.kind:
        raise BadBackup(f"这份备份是用{_WORDS[kind]}加密的，请给出这一种。")
    master = secret.value
    if kind == "passphrase":
        n, r, p = (_bounded(lock, name) for name in ("n", "r", "p"))
        room = 2 * 128 * n * r * p
        master = hashlib.scrypt(master, salt=salt, n=n, r=r, p=p, maxmem=room, dklen=32)
    return Keys(_derived(master, salt, b"shouwang backup: chunks"), _derived(master, salt, b"head"))


def _bounded(lock: Mapping[str, Any], name: str) -> int:
    value: int = lock[name]
    if not 1 <= value <= _MOST[name]:
        raise ValueError(name)
    return value


def _derived(master: bytes, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, purpose).derive(master)
