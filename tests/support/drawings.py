"""Diagrams compared by what they say: elements, attributes and texts, whatever the prefixes,
order of attributes or layout of the file.
"""

from __future__ import annotations

from lxml import etree

Said = tuple[str, tuple[tuple[str, str], ...], str, tuple["Said", ...]]  # type: ignore[misc]
ASSUMED = {"isExecutable": "", "isHorizontal": ""}
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def said(body: bytes) -> Said:
    """What a file says, for comparing: comments and white space aside, children in their order."""
    return _node(etree.fromstring(body))


def _node(node: etree._Element) -> Said:
    attributes = tuple(sorted((str(k), _plain(str(k), str(v), node)) for k, v in node.attrib.items()))
    children = tuple(_node(child) for child in node if isinstance(child.tag, str))
    return (str(node.tag), attributes, (node.text or "").strip() if not children else "", children)


def _plain(name: str, value: str, node: etree._Element) -> str:
    """Numbers as numbers, and a type without the prefix that this file happens to use."""
    if name == TYPE:
        return value.rpartition(":")[2]
    try:
        return repr(float(value))
    except ValueError:
        return value


def differences(before: Said, after: Said, path: str = "") -> list[str]:
    """Where two files differ, as paths with both sides; the order of unlike children does not matter,
    of like ones it does.
    """
    here = f"{path}/{etree.QName(before[0]).localname}{dict(before[1]).get('id', '')}"
    found = [f"{here}: {before[1]} != {after[1]}"] if before[1] != after[1] else []
    found += [f"{here}: {before[2]!r} != {after[2]!r}"] if before[2] != after[2] else []
    tags = dict.fromkeys(child[0] for child in (*before[3], *after[3]))
    for tag in tags:
        left, right = [c for c in before[3] if c[0] == tag], [c for c in after[3] if c[0] == tag]
        if all(dict(c[1]).get("id") for c in left + right):
            left.sort(key=lambda c: dict(c[1])["id"])
            right.sort(key=lambda c: dict(c[1])["id"])
        if len(left) != len(right):
            found.append(f"{here}: {len(left)} {tag} != {len(right)}")
        for one, other in zip(left, right, strict=False):
            found += differences(one, other, here)
    return found
