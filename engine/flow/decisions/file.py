"""DMN files: reading them safely, their elements by name, and the FEEL texts in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.flow.feel import Expression, UnaryTests, compile_expression, compile_unary_tests
from engine.flow.feel.types import Declarations
from engine.ground.errors import DefinitionError, Finding

Node = etree._Element
MAX_BYTES = 1_000_000


@dataclass
class Texts:
    """Compiles the texts of one element: the names in its sight, and the types that its file declares."""

    names: tuple[str, ...] = ()
    declared: Declarations = field(default_factory=dict)

    def expression(self, text: str) -> Expression:
        """An expression. Raises FeelSyntaxError."""
        if self.declared:
            return Expression(text, self.names, self.declared)
        return compile_expression(text, self.names)

    def tests(self, text: str) -> UnaryTests:
        """A cell. Raises FeelSyntaxError."""
        if self.declared:
            return UnaryTests(text, self.names, self.declared)
        return compile_unary_tests(text, self.names)

    def with_names(self, *names: str) -> Texts:
        """The same with more names in sight."""
        more = tuple(name for name in names if name and name not in self.names)
        return Texts((*self.names, *more), self.declared) if more else self


def read_model(body: bytes) -> Node:
    """The root of a DMN file. Raises DefinitionError for what is unsafe, too large or no DMN."""
    if len(body) > MAX_BYTES:
        raise refusal("决策表文件过大。")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise refusal(f"决策表文件不是完整的 XML（第 {error.position[0]} 行）。") from error
    if root.getroottree().docinfo.doctype:
        raise refusal("决策表文件中含有 DOCTYPE 或实体声明，出于安全不能使用。")
    if "DMN" not in (etree.QName(root).namespace or ""):
        raise refusal("文件不是 DMN 决策表。")
    _refuse_twins(root)
    return root


def _refuse_twins(root: Node) -> None:
    """An id that means two things: an editor drops one of them, and a reference to it leads to either."""
    counts = Counter(node.get("id") for node in root.iter() if isinstance(node.tag, str) and node.get("id"))
    twins = [
        Finding(str(key), "", f"编号“{key}”在文件里出现了 {n} 次。") for key, n in counts.items() if n > 1
    ]
    if twins:
        raise DefinitionError(f"决策表写得不对：{twins[0].message}", twins)


def refusal(sentence: str) -> DefinitionError:
    """A file that is refused as a whole."""
    return DefinitionError(sentence, [Finding("", "", sentence)])


def local(node: Node) -> str:
    """The element's name without its namespace; '' of a comment."""
    tag = node.tag  # read once: lxml makes the text anew each time
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def all_of(node: Node, name: str) -> list[Node]:
    """The children of that name."""
    return [child for child in node if local(child) == name]


def find(node: Node | None, name: str) -> Node | None:
    """The first child of that name."""
    return None if node is None else next((child for child in node if local(child) == name), None)


def elements(node: Node) -> Iterator[Node]:
    """The children that are elements."""
    return (child for child in node if isinstance(child.tag, str))


def text_of(node: Node | None) -> str:
    """What stands in the element's ``text``."""
    found = find(node, "text")
    return (found.text or "").strip() if found is not None else ""


def variable_of(node: Node) -> str:
    """What the value of a decision or an input is called."""
    variable = find(node, "variable")
    named = variable.get("name") if variable is not None else None
    return str(named or node.get("name", ""))


def type_of(node: Node | None, name: str = "typeRef") -> str:
    """The type that an element declares, without the prefix of a namespace; '' where it declares none."""
    return "" if node is None else node.get(name, "").rpartition(":")[2]
