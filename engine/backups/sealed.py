"""The outside of a backup file: a head that everybody may read, and chunks that only the key opens.

After the magic come the head's length (4 bytes, big-endian) and the head, JSON: format, release, revision,
when, from which database, how the key is got, a mark made with the key. Then chunk after chunk: its length (4
bytes) and the bytes, AES-256-GCM. The nonce is the chunk's number and whether it is the last, so that a chunk
taken out, doubled or put elsewhere opens as little as one that was changed, and a file that was cut is told
from a whole one (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár). The head is bound to
each chunk.
"""

from __future__ import annotations

import hmac
import io
import json
import struct
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.backups.keys import BadBackup, Keys, Secret, new_lock, unlock

MAGIC = b"SHOUWANG BACKUP\n"
FORMAT = 1
CHUNK = 1 << 20
"""Bytes of a chunk before it is sealed: what is held in memory at a time."""
_TAG = 16
_LONGEST_HEAD = 64 << 10


@dataclass(frozen=True)
class Head:
    """What everybody may read of a backup."""

    release: str
    revision: str
    """The latest migration of the tables that were read."""
    database: str
    """sqlite or postgresql."""
    taken_at: str
    """ISO 8601, UTC."""


class Sealer(io.RawIOBase):
    """Writes a backup file; `finish` writes the last chunk, without which the file is a cut one."""

    def __init__(self, file: BinaryIO, secret: Secret, head: Head) -> None:
        lock = new_lock(secret)
        keys = unlock(secret, lock)
        said = {"format": FORMAT, **asdict(head), "lock": lock}
        said["mark"] = keys.mark(_plain(said))
        body = _plain(said)
        start = MAGIC + struct.pack(">I", len(body)) + body
        file.write(start)
        self._file, self._cipher, self._start = file, AESGCM(keys.chunks), sha256(start).digest()
        self._number, self._held = 0, bytearray()

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; whole chunks go into the file at once."""
        taken = memoryview(data).cast("B")
        self._held += taken
        while len(self._held) > CHUNK:
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(taken)

    def finish(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()

    def _seal(self, body: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), body, self._start)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._number += 1


class Opener(io.RawIOBase):
    """Reads what is inside a backup file. Raises BadBackup as soon as something is not as it was written."""

    def __init__(self, file: io.BufferedReader, secret: Secret) -> None:
        start, said = _read_head(file)
        self.head, keys = _understood(said, secret)
        self._file, self._cipher, self._start = file, AESGCM(keys.chunks), sha256(start).digest()
        self._number, self._held, self._ended = 0, memoryview(b""), False

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the chunk at hand goes."""
        while not self._held and not self._ended:
            self._held = memoryview(self._next())
        room = memoryview(buffer).cast("B")
        count = min(len(room), len(self._held))
        room[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def _next(self) -> bytes:
        body = self._sealed()
        last = not self._file.peek(1)
        opened = self._opened(body, last=last)
        if opened is None:
            raise BadBackup(self._why_not(body, last=last))
        self._number, self._ended = self._number + 1, last
        return opened

    def _sealed(self) -> bytes:
        length = self._file.read(4)
        if len(length) == 4:
            size = struct.unpack(">I", length)[0]
            if not _TAG <= size <= CHUNK + _TAG:
                raise BadBackup(self._damaged)
            body = self._file.read(size)
            if len(body) == size:
                return body
        raise BadBackup(f"备份不完整：文件在第 {self._number + 1} 块断了。请用另一份备份。")

    @property
    def _damaged(self) -> str:
        return f"备份的第 {self._number + 1} 块损坏、被改动或者被调换。请用另一份备份。"

    def _opened(self, body: bytes, *, last: bool) -> bytes | None:
        try:
            return self._cipher.decrypt(_nonce(self._number, last), body, self._start)
        except InvalidTag:
            return None

    def _why_not(self, body: bytes, *, last: bool) -> str:
        if self._opened(body, last=not last) is None:
            return self._damaged
        if last:
            return f"备份不完整：文件在第 {self._number + 1} 块以后断了。请用另一份备份。"
        return "备份的末尾多出了别的内容，文件被改动过。请用另一份备份。"


def _nonce(number: int, last: bool) -> bytes:
    return struct.pack(">QI", number, last)


def _plain(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _read_head(file: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    magic = file.read(len(MAGIC))
    if magic != MAGIC:
        raise BadBackup("这个文件不是 shouwang backup 做的备份，或者开头损坏了。")
    length = file.read(4)
    size = struct.unpack(">I", length)[0] if len(length) == 4 else 0
    body = file.read(size) if size <= _LONGEST_HEAD else b""
    try:
        said = json.loads(body)
    except ValueError as error:
        raise BadBackup(_BAD_HEAD) from error
    if not isinstance(said, dict):
        raise BadBackup(_BAD_HEAD)
    return magic + length + body, said


_BAD_HEAD = "备份的开头损坏或者被改动，打不开。请用另一份备份。"


def _understood(said: dict[str, Any], secret: Secret) -> tuple[Head, Keys]:
    """The head and the keys. The mark is looked at before anything but the format is believed."""
    if said.get("format") != FORMAT:
        release = str(said.get("release", ""))[:40]
        raise BadBackup(f"这份备份是更新的版本（{release}）做的，这一版程序读不了：请用新版程序。")
    mark = str(said.pop("mark", ""))
    try:
        keys = unlock(secret, said["lock"])
        head = Head(**{name: str(said[name]) for name in Head.__dataclass_fields__})
    except (KeyError, TypeError, ValueError) as error:
        raise BadBackup(_BAD_HEAD) from error
    if not hmac.compare_digest(mark.encode(), keys.mark(_plain(said)).encode()):
        raise BadBackup("打不开：口令或密钥不是做这份备份时的那一个，或者文件的开头被改动。")
    return head, keys
