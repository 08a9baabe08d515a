"""The file of a backup: whatever was done to it is told in a sentence, and nothing of it is believed."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from engine.backups import archive, keys, sealed
from engine.backups.keys import BadBackup, Secret
from engine.backups.sealed import CHUNK, MAGIC, Head, Opener, Sealer
from engine.backups.sources import written
from engine.ground.errors import Invalid

HEAD = Head("0.1.0", "0038", "sqlite", "2022-05-05T01:00:00+00:00")
KEY = Secret("file", bytes(range(40)))
BLOB = bytes(range(256))
ROWS = [[1, "一\u2028二\\N\t\n", None, 1.5, True], [2**62, "", {"b": "AP8="}, -0.25, False]]


def made(*bodies: bytes, key: Secret = KEY) -> bytes:
    """A sealed file of these bytes."""
    file = io.BytesIO()
    sealer = Sealer(file, key, HEAD)
    for body in bodies:
        sealer.write(body)
    sealer.finish()
    return file.getvalue()


def lines(*more: object) -> bytes:
    """What stands inside a backup of one table, compressed."""
    said = [{"table": "t", "columns": list("abcde")}, *ROWS, {"end": "t", "rows": 2}, *more]
    return gzip.compress("".join(written(one) + "\n" for one in said).encode())


SMALL = made(lines({"whole": {"rows": {"t": 2}, "numbers": {}, "timers": 0}}))


def opened(body: bytes, key: Secret = KEY) -> bytes:
    """All that is inside a file."""
    file = io.BufferedReader(io.BytesIO(body))  # type: ignore[arg-type]
    return io.BufferedReader(Opener(file, key)).read()


def refused(body: bytes, key: Secret = KEY) -> str:
    """With which sentence a file is refused."""
    with pytest.raises(BadBackup) as caught:
        opened(body, key)
    return caught.value.message


def chunks(body: bytes) -> tuple[bytes, list[bytes]]:
    """The file's beginning, and its chunks with their lengths."""
    at = len(MAGIC) + 4 + int.from_bytes(body[len(MAGIC) : len(MAGIC) + 4])
    head, found = body[:at], []
    while at < len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4])
        found.append(body[at:end])
        at = end
    return head, found


def test_what_was_sealed_is_opened_again(tmp_path: Path) -> None:
    whole = Random(1).randbytes(3 * CHUNK)
    for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK):
        assert opened(made(whole[:size])) == whole[:size]
    (tmp_path / "small").write_bytes(SMALL)
    with archive.opened(tmp_path / "small", KEY) as found:
        assert [(name, columns, list(rows)) for name, columns, rows in found.tables()] == [
            ("t", list("abcde"), [ROWS[0], [2**62, "", b"\0\xff", -0.25, False]])
        ]
    assert archive.verify(tmp_path / "small", KEY) == (HEAD, archive.Whole({"t": 2}))


def test_every_flipped_byte_and_every_cut_is_told() -> None:
    """At any place of a file, head and chunks: a sentence, never a row."""
    for place in range(len(SMALL)):
        flipped = bytearray(SMALL)
        flipped[place] ^= 1 << place % 8
        assert refused(bytes(flipped)).startswith(("备份", "这个文件不是", "打不开：", "这份备份是")), place
        assert refused(SMALL[:place]).startswith(("备份", "这个文件不是")), place
    assert "末尾多出" in refused(SMALL + b"x")


DONE: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "the last is missing": (lambda found: found[:-1], "不完整"),
    "two are missing": (lambda found: found[:-2], "不完整"),
    "all are missing": (lambda found: [], "不完整"),
    "cut within one": (lambda found: [*found[:-1], found[-1][:-9]], "不完整"),
    "one is taken out": (lambda found: [found[0], *found[2:]], "被调换"),
    "two are exchanged": (lambda found: [found[1], found[0], *found[2:]], "被调换"),
    "one is doubled": (lambda found: [found[0], *found], "被调换"),
    "one is put behind": (lambda found: [*found, found[-1]], "末尾多出"),
    "one is of another file": (lambda found: [chunks(made(b"x" * 4 * CHUNK))[1][0], *found[1:]], "被改动"),
}


@pytest.mark.parametrize("how", DONE)
def test_chunks_stand_where_they_were_written(how: str) -> None:
    change, sentence = DONE[how]
    head, found = chunks(made(b"y" * (3 * CHUNK + 5)))
    assert len(found) == 4 and opened(head + b"".join(found)) == b"y" * (3 * CHUNK + 5)
    assert sentence in refused(head + b"".join(change(found)))


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    assert "口令或密钥不是" in refused(SMALL, Secret("file", bytes(40)))
    assert "用密钥文件" in refused(SMALL, Secret("passphrase", b"a long sentence"))
    said = tmp_path / "pass"
    said.write_text("守望相助，疾病相扶持，百姓亲睦。\n第二行不算\n")
    body = made(b"z", key=keys.passphrase(said))
    said.write_text("\ufeff守望相助，疾病相扶持，百姓亲睦。\r\n")
    assert opened(body, keys.passphrase(said)) == b"z", "an editor's mark and line end are no part of it"
    assert "口令或密钥不是" in refused(body, Secret("passphrase", b"another sentence"))
    assert "用口令" in refused(body)


@pytest.mark.parametrize("text", [b"", b"short\n", "十一个字不够长是不行\n".encode(), b"\xff" * 40])
def test_a_weak_passphrase_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "pass").write_bytes(text)
    with pytest.raises(Invalid):
        keys.passphrase(tmp_path / "pass")
    (tmp_path / "key").write_bytes(text[:20])
    with pytest.raises(Invalid):
        keys.key_file(tmp_path / "key")


def changed(**said: object) -> bytes:
    """The small file with another head, as somebody without the key may write one."""
    head, found = chunks(SMALL)
    body = json.dumps(json.loads(head[len(MAGIC) + 4 :]) | said).encode()
    return MAGIC + len(body).to_bytes(4) + body + b"".join(found)


def test_a_file_from_the_future_and_a_changed_head_are_told() -> None:
    assert "更新的版本（9.0.0）" in refused(changed(format=2, release="9.0.0"))
    assert "文件的开头被改动" in refused(changed(revision="0001"))
    for lock in (None, [], {}, {"kind": "file"}, {"kind": "file", "salt": "xyz"}):
        assert refused(changed(lock=lock)) == sealed._BAD_HEAD
    greedy = {"kind": "passphrase", "salt": "00", "n": 2**40, "r": 8, "p": 1}
    with pytest.raises(BadBackup):
        opened(changed(lock=greedy), Secret("passphrase", b"a long sentence"))


WRONG = {
    "no gzip": b"no gzip",
    "cut gzip": lines()[:-9],
    "no json": gzip.compress(b"no json\n"),
    "a row of no table": gzip.compress(b"[1, 2]\n"),
    "no end": lines(),
    "another count": lines({"whole": {"rows": {"t": 3}}}),
    "another count of rows": gzip.compress(b'{"table": "t", "columns": []}\n[1]\n{"end": "t", "rows": 2}\n'),
    "no bytes": gzip.compress(b'{"table": "t", "columns": []}\n[{"b": 1}]\n'),
    "no columns": lines({"table": "t"}),
}


@pytest.mark.parametrize("how", WRONG)
def test_an_inside_that_is_none_is_told(tmp_path: Path, how: str) -> None:
    """Sealed with the right key, by whatever wrote it."""
    (tmp_path / "file").write_bytes(made(WRONG[how]))
    with pytest.raises(BadBackup) as caught:
        archive.verify(tmp_path / "file", KEY)
    assert "读不懂" in caught.value.message
