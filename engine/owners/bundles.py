"""A procedure as one zip file: its diagram with its forms, decision tables and parts,
laid out as in the product's folders.

What is read was packed by anybody: names, numbers and sizes are bounded before anything of it is used.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from engine.flow.diagram import xml as x
from engine.flow.diagram.resources import Resources, calls_out, main_process
from engine.ground.errors import DefinitionError, Invalid

MAX_PACKED = 3_000_000
"""Bytes of the zip file; a procedure with all that it uses has some ten thousand."""
MAX_FILES = 300
MAX_UNPACKED = 10_000_000
"""Bytes of all files together, counted as they are unpacked and not as the zip says."""
FOLDERS = {"form": ("forms_json", "json"), "decision": ("bpmn/decisions", "dmn"), "part": ("bpmn", "bpmn")}
_KEY = r"(?P<key>[A-Za-z_][A-Za-z0-9_-]{0,79})"
_NAMES = {kind: re.compile(rf"{folder}/{_KEY}\.{ending}") for kind, (folder, ending) in FOLDERS.items()}


@dataclass(frozen=True)
class Bundle:
    """What a zip file holds: the diagram that no other one of it calls, and bodies by key;
    parts by their process.
    """

    diagram: bytes
    resources: Resources = field(default_factory=Resources)


def pack(key: str, diagram: bytes, resources: Resources) -> bytes:
    """The zip file of a diagram with what it uses."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr(f"bpmn/{key}.bpmn", diagram)
        for kind, (folder, ending) in FOLDERS.items():
            for name, body in sorted(resources.of(kind).items()):
                archive.writestr(f"{folder}/{name}.{ending}", body)
    return packed.getvalue()


def is_zip(body: bytes) -> bool:
    """Whether the file is a zip file, by its first bytes."""
    return body.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def unpack(body: bytes) -> Bundle:
    """What the zip file holds.

    Raises Invalid for what is no bundle, DefinitionError for a diagram that cannot be read.
    """
    if len(body) > MAX_PACKED:
        raise Invalid(f"压缩文件过大（{len(body) // 1024} KB），上限为 {MAX_PACKED // 1024} KB。")
    found: dict[str, dict[str, bytes]] = {kind: {} for kind in FOLDERS}
    try:
        with ZipFile(BytesIO(body)) as archive:
            for kind, key, text in _files(archive):
                found[kind][key] = text
    except (BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise Invalid("这个文件不是完整的 zip 压缩文件，或者已经损坏。") from error
    diagram, parts = _main(found["part"])
    return Bundle(x.in_utf8(diagram), Resources(found["form"], found["decision"], parts))


def _files(archive: ZipFile) -> Iterator[tuple[str, str, bytes]]:
    """Kind, key and body of each file, within the bounds."""
    infos = [info for info in archive.infolist() if not info.is_dir() and not _of_the_desktop(info.filename)]
    if len(infos) > MAX_FILES:
        raise Invalid(f"压缩文件里有 {len(infos)} 个文件，上限为 {MAX_FILES} 个。")
    left, seen = MAX_UNPACKED, set()
    for info in infos:
        kind, key = _named(info)
        if (kind, key) in seen:
            raise Invalid(f"压缩文件里有两个“{info.filename[:80]}”。")
        seen.add((kind, key))
        with archive.open(info) as stream:
            text = stream.read(left + 1)
        left -= len(text)
        if left < 0:
            raise Invalid(f"压缩文件解开后过大，上限为 {MAX_UNPACKED // 1024 // 1024} MB。")
        yield kind, key, text


def _of_the_desktop(name: str) -> bool:
    """What desktops put into every zip file."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (".DS_Store", "Thumbs.db")


def _named(info: ZipInfo) -> tuple[str, str]:
    """What a file is by its place. Raises Invalid for another place, a locked file, an unusual packing."""
    shown = "".join(c if c.isprintable() else "?" for c in info.filename[:80])
    if info.flag_bits & 0x1:
        raise Invalid(f"压缩文件里的“{shown}”加了密码，请去掉密码后再导入。")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise Invalid(f"压缩文件里的“{shown}”用了不支持的压缩方法，请用普通的 zip。")
    for kind, pattern in _NAMES.items():
        match = pattern.fullmatch(info.filename)
        if match:
            return kind, match["key"]
    raise Invalid(
        f"压缩文件里的“{shown}”不知道是什么：流程图放在 bpmn/编号.bpmn，决策表放在 bpmn/decisions/编号.dmn，"
        "表单放在 forms_json/编号.json，编号用英文字母、数字和下划线。"
    )


def _main(diagrams: dict[str, bytes]) -> tuple[bytes, dict[str, bytes]]:
    """The diagram that no other one calls, and the others by the process that they draw."""
    if not diagrams:
        raise Invalid("压缩文件里没有流程图（bpmn/编号.bpmn）。")
    drawn: dict[str, bytes] = {}
    called: set[str] = set()
    for name, body in diagrams.items():
        try:
            root = x.parse_xml(body)
        except DefinitionError as error:
            raise DefinitionError(f"bpmn/{name}.bpmn：{error.message}", error.findings) from error
        main = main_process(root)
        drawn[main.get("id", name) if main is not None else name] = body
        called |= calls_out(root)
    own = [key for key in drawn if key not in called]
    if len(drawn) < len(diagrams) or len(own) != 1:
        raise Invalid(
            "压缩文件里应当有一个流程的图，和它调用的公用环节；这里有几个互不调用的流程，或者都互相调用。"
        )
    return drawn[own[0]], {key: body for key, body in drawn.items() if key != own[0]}
