"""One file, read from standard input; its rows go to standard output.

First line: what the file is (`head`); then ``[number, cells, flags]`` for each row that has anything in it;
last line: ``{"end": rows}``. A file that is refused ends with ``{"refused": sentence}`` instead.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from engine.ground.unpacking.books import OLE, excel, old_kind, sheet_of
from engine.ground.unpacking.cells import line_of
from engine.ground.unpacking.limits import HEAD_ROWS, OLD, TOO_LARGE, Line, Refused, bound
from engine.ground.unpacking.texts import decoded, lines, require_text


def opened(body: bytes, filename: str, *, old: bool = False) -> tuple[dict[str, Any], Iterator[Line]]:
    """What the file is, and its rows; with `old` also workbooks of before 2007. Raises Refused."""
    ending = filename.lower().rpartition(".")[2] if "." in filename else ""
    if not body.strip():
        raise Refused("文件是空的。")
    if body.startswith(OLE):
        if (why := old_kind(body)) != OLD or not old:
            raise Refused(why)
        return sheet_of(body, None)
    if body.startswith(b"PK"):
        return excel(body)
    require_text(body, ending)
    words, encoding = decoded(body)
    return {"sheet": "", "encoding": encoding}, _with_flags(lines(words, strict=True))


def _with_flags(rows: Iterable[tuple[int, list[str]]]) -> Iterator[Line]:
    for number, cells in rows:
        yield line_of(number, cells, {})


def main(filename: str, most: int, *, old: bool = False) -> None:
    """Read the file at standard input, and write its rows to standard output."""
    say = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", errors="replace", write_through=False)
    rows = 0
    try:
        head, found = opened(sys.stdin.buffer.read(), filename, old=old)
        out.write(say(head) + "\n")
        for line in found:
            rows += 1
            if rows > most + HEAD_ROWS:
                raise Refused(f"表里超过 {most:,} 行，请分成几个文件。")
            out.write(say(line) + "\n")
        out.write(say({"end": rows}) + "\n")
    except Refused as error:
        out.write(say({"refused": str(error)}) + "\n")
    except MemoryError:
        out.write(say({"refused": TOO_LARGE}) + "\n")
    except BrokenPipeError:
        return
    except (
        BaseException
    ):  # the native reader raises what it likes at a broken file, also what is no Exception
        out.write(say({"refused": "这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。"}) + "\n")
    out.flush()


if __name__ == "__main__":
    bound()
    main(sys.argv[1], int(sys.argv[2]), old="old" in sys.argv[3:])
