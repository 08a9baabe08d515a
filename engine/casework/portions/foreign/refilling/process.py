"""One form and its rows, read from standard input; the finished workbook goes to standard output.

In: a line with the plan, the workbook's bytes, then a line for each row (a list of cells), and before the
rows of every further sheet a line ``{"sheet": name, "widths": [...]}``.
Out: a line with what was left out, or why nothing was made, then the finished workbook.
"""

from __future__ import annotations

import json
import sys

from engine.casework.portions.foreign.refilling.template import Template
from engine.casework.portions.foreign.refilling.workbook import written
from engine.ground.unpacking.limits import TOO_LARGE, Refused, bound

_NOTES = {
    "acting": "原表里的宏、外部链接、图片或控件没有保留。",
    "formula": "原表里有会连到别处或不认识的公式，只保留了结果。",
}


def main() -> None:
    """Read the plan, the form and its rows; write the finished workbook."""
    say = json.JSONEncoder(ensure_ascii=False).encode
    out, given = sys.stdout.buffer, sys.stdin.buffer
    broken = "这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。"
    try:
        plan = json.loads(given.readline())
        template = Template(given.read(plan["size"]))
        body, reckoned = written(template, plan, map(json.loads, given))
        notes = [words for key, words in _NOTES.items() if key in template.notes]
        out.write(say({"notes": notes, "formulas": reckoned}).encode() + b"\n" + body)
    except Refused as error:
        out.write(say({"refused": str(error)}).encode() + b"\n")
    except MemoryError:
        out.write(say({"refused": TOO_LARGE}).encode() + b"\n")
    except Exception:  # whatever a broken file makes the readers raise
        out.write(say({"refused": broken}).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    bound()
    main()
