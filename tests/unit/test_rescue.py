"""Files that a telephone made when it could send nothing any more (R03)."""

import json
from base64 import b64encode, urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.ground.errors import Invalid
from web.server import rescue


def sealed(key: dict[str, str], content: Any) -> dict[str, Any]:
    """As web/assets/doorstep/sent/rescue.js seals."""
    return _sealed_bytes(key, json.dumps(content).encode())


def _sealed_bytes(key: dict[str, str], plain: bytes) -> dict[str, Any]:
    x, y = (int.from_bytes(urlsafe_b64decode(key[part] + "=="), "big") for part in ("x", "y"))
    theirs = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    ours = ec.generate_private_key(ec.SECP256R1())
    derived = HKDF(SHA256(), 32, None, b"shouwang rescue 1").derive(ours.exchange(ec.ECDH(), theirs))
    body = AESGCM(derived).encrypt(bytes(12), plain, None)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    parts = {"key": point, "iv": bytes(12), "body": body}
    written = {name: b64encode(part).decode() for name, part in parts.items()}
    return {"kind": "shouwang-rescue", "version": 1, **written}


def test_only_the_installation_that_it_was_made_for_opens_a_file() -> None:
    file = json.dumps(sealed(rescue.public("a"), {"entries": ["王守望"]})).encode()
    assert rescue.opened("a", file) == {"entries": ["王守望"]}
    with pytest.raises(Invalid, match="另一个系统"):
        rescue.opened("b", file)


@pytest.mark.parametrize("change", ["kind", "version", "key", "iv", "body"])
def test_a_file_that_is_none_of_ours_is_refused_by_name(change: str) -> None:
    whole = sealed(rescue.public("a"), {})
    for odd in ("", "x", "AAAA", 7, None, [], "²"):
        with pytest.raises(Invalid, match=r"救援文件|打不开"):
            rescue.opened("a", json.dumps({**whole, change: odd}).encode())


@pytest.mark.parametrize("file", [b"", b"{}", b"[]", b"\xff\xfe", b"null", b"[" * 100_000, b"1"])
def test_what_is_no_file_at_all_is_refused_by_name(file: bytes) -> None:
    with pytest.raises(Invalid, match="不是本系统"):
        rescue.opened("a", file)


def test_what_is_sealed_but_no_object_is_refused() -> None:
    with pytest.raises(Invalid, match="不是本系统"):
        rescue.opened("a", json.dumps(sealed(rescue.public("a"), [1])).encode())


@pytest.mark.parametrize("plain", [b"", b"x", b"[" * 100_000, b"7" * 5000, b"\xff", b"[]"])
def test_what_a_stranger_sealed_with_the_public_key_is_refused_by_name(plain: bytes) -> None:
    with pytest.raises(Invalid, match="不是本系统"):
        rescue.opened("a", json.dumps(_sealed_bytes(rescue.public("a"), plain)).encode())
