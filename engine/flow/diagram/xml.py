"""Safe reading of uploaded XML, and the few questions asked of it: it is hostile until checked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from engine.flow.diagram import dialects
from engine.ground.errors import DefinitionError, Finding

BPMN = dialects.BPMN
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
SPIFF = dialects.SPIFF
CAMUNDA = dialects.CAMUNDA
MAX_BYTES = 2_000_000
MAX_ELEMENTS = 2_000
"""A diagram that people can read has some hundred elements;
a larger one is refused before any work is spent on it.
"""

Node = etree._Element


def parse_xml(body: bytes) -> Node:
    """The root of a BPMN file, with what other modelers write read as our own
    (engine/flow/diagram/dialects.py).

    Raises DefinitionError for what is not well-formed, too large or has a DTD.
    """
    if len(body) > MAX_BYTES:
        raise _refusal(f"文件过大（{len(body) // 1024} KB），上限为 {MAX_BYTES // 1024} KB。")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise _refusal(f"文件不是完整的 XML：第 {line} 行第 {column} 列有错误。{_advice(body)}") from error
    if root.getroottree().docinfo.doctype:
        raise _refusal("文件中含有 DOCTYPE 或实体声明，出于安全不能使用。")
    if root.tag != f"{{{BPMN}}}definitions":
        raise _refusal("文件不是 BPMN 2.0 流程图。")
    if sum(1 for _ in root.iter(f"{{{BPMN}}}*")) > MAX_ELEMENTS * 4:
        raise _refusal(f"流程图的元素过多，上限约为 {MAX_ELEMENTS} 个。")
    dialects.adopt(root)
    _plain_flags(root)
    return root


FLAGS = frozenset(
    """
    cancelActivity cancelRemainingInstances instantiate isClosed isCollection isExecutable
    isForCompensation isImmediate isInterrupting isReference isSequential isUnlimited
    parallelMultiple testBefore triggeredByEvent waitForCompletion
    """.split()
)
"""The attributes of BPMN that are ``xsd:boolean``."""
_WRITTEN = {"true": "true", "1": "true", "false": "false", "0": "false"}
"""What ``xsd:boolean`` may be written as, blanks around it aside."""


def _plain_flags(root: Node) -> None:
    """Write every flag as true or false, for us and for the library; what is neither stays,
    and the check names it.
    """
    for node in root.iter(f"{{{BPMN}}}*"):
        for name in FLAGS & set(node.keys()):
            text = node.get(name, "")
            node.set(name, _WRITTEN.get(text.strip(), text))


_ODD_FLAG = re.compile(
    (
        rf"""\b(?:{"|".join(sorted(FLAGS))})\s*=\s*["']"""
        r"""(?!(?:true|false)["'])\s*(?:1|0|true|false)\s*["']"""
    ).encode()
)
"""A flag written otherwise than as true or false."""


def flag(node: Node, name: str, *, default: bool = False) -> bool:
    """The value of a flag of the standard (one of FLAGS); `default` where it is not written,
    or not as a flag.
    """
    assert name in FLAGS
    return {"true": True, "false": False}.get(node.get(name, ""), default)


_DECLARED = re.compile(r"""^(\ufeff?\s*<\?xml\b[^>]*?)\s+encoding=["'][^"'>]*["']""")


def encoded(text: str) -> bytes:
    """The bytes of a file that came as text: what it declares of its encoding was true of the file,
    not of the text.
    """
    return (
        _DECLARED.sub(r"\1", text).lstrip("\ufeff").encode("utf-8", "surrogatepass")
    )  # half a character: no XML then


def in_utf8(body: bytes) -> bytes:
    """A BPMN file as UTF-8 without a byte order mark: what browsers and databases expect.
    Raises DefinitionError.

    Desktop modelers also write UTF-16 and, in China, GBK. Flags become true or false: the drawing page takes
    ``1`` for false, and would save it so.
    """
    plain = body[:1] == b"<" and (_declared(body) or "utf-8") in ("utf-8", "utf8", "us-ascii", "ascii")
    if plain and not _ODD_FLAG.search(body):
        return body
    parse_xml(body)  # safe to read?
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False)
    root = etree.fromstring(body, parser)
    _plain_flags(root)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _declared(body: bytes) -> str:
    found = re.match(rb"""<\?xml\b[^>]*?encoding=["']([^"'>]*)""", body[:200])
    return found[1].decode("latin-1").lower() if found else ""


def _advice(body: bytes) -> str:
    """What most often makes a file of another tool unreadable, where that can be seen."""
    if re.match(rb"(\xef\xbb\xbf)?\s+<\?xml", body[:200]):
        return "文件开头的空行或空格请去掉：<?xml 之前不能有任何字符。"
    try:
        body.decode(_declared(body) or "utf-8")
    except UnicodeDecodeError:
        return (
            f"文件里的文字不是所写的编码（{_declared(body) or 'utf-8'}），多半是 GBK：请用 UTF-8 重新保存。"
        )
    except LookupError:
        return "文件写明的编码不认识：请用 UTF-8 重新保存。"
    return ""


def _refusal(sentence: str) -> DefinitionError:
    return DefinitionError(sentence, [Finding("", "", sentence)])


def local(node: Node) -> str:
    """The node's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


def is_bpmn(node: Node) -> bool:
    """Whether the node is of the BPMN model namespace."""
    return isinstance(node.tag, str) and etree.QName(node).namespace == BPMN


def children(node: Node, name: str) -> list[Node]:
    """The BPMN children called `name`."""
    return list(node.findall(f"{{{BPMN}}}{name}"))


def descendants(node: Node, name: str) -> Iterator[Node]:
    """The BPMN descendants called `name`."""
    return node.iter(f"{{{BPMN}}}{name}")


def text_of(node: Node, name: str) -> str:
    """The stripped text of the first BPMN child called `name`, or ''."""
    found = node.find(f"{{{BPMN}}}{name}")
    return (found.text or "").strip() if found is not None else ""


def properties(node: Node) -> dict[str, str]:
    """The node's extension properties."""
    path = f"{{{BPMN}}}extensionElements/{{{SPIFF}}}properties/{{{SPIFF}}}property"
    return {p.get("name", ""): p.get("value", "") for p in node.findall(path)}


def extension_text(node: Node, name: str) -> str:
    """The stripped text of a spiffworkflow extension element, or ''."""
    found = node.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}{name}")
    return (found.text or "").strip() if found is not None else ""
