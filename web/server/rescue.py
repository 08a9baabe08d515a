"""Files that a telephone made when it could send nothing any more, which only this installation opens.

The telephone agrees on a key with the server's public one (P-256, HKDF, AES-GCM;
web/assets/doorstep/sent/rescue.js).
The server's key follows from its secret: with another SHOUWANG_SECRET_KEY no file of before is opened.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.ground.errors import Invalid

KIND, VERSION = "shouwang-rescue", 1
CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve's group (SEC 2)
ABOUT = b"shouwang rescue 1"
FOREIGN = "这个文件不是本系统导出的救援文件，或者已经损坏。"
OTHER_KEY = "打不开：文件是另一个系统（或更换密钥以前）导出的，或者已经损坏。"


def public(secret: str) -> dict[str, str]:
    """The server's public key as a JWK."""
    numbers = _key(secret).public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}


def opened(secret: str, file: bytes) -> dict[str, Any]:
    """What stands in a file. Raises Invalid for one that is none of ours."""
    parts = _parts(file)
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, parts["key"])
        shared = _key(secret).exchange(ec.ECDH(), theirs)
        plain = AESGCM(_derived(shared, ABOUT)).decrypt(parts["iv"], parts["body"], None)
    except InvalidTag:
        raise Invalid(OTHER_KEY) from None
    except ValueError:
        raise Invalid(FOREIGN) from None
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError):  # the public key is public: anybody can seal anything
        raise Invalid(FOREIGN) from None
    if not isinstance(found, dict):
        raise Invalid(FOREIGN)
    return found


def _parts(file: bytes) -> Mapping[str, bytes]:
    try:
        found = json.loads(file)
        if (found["kind"], found["version"]) != (KIND, VERSION):
            raise Invalid(FOREIGN)
        return {name: b64decode(found[name], validate=True) for name in ("key", "iv", "body")}
    except (ValueError, TypeError, KeyError, NotBase64, RecursionError):
        raise Invalid(FOREIGN) from None


@cache
def _key(secret: str) -> ec.EllipticCurvePrivateKey:
    # 16 bytes more than the order has: what is left of the division is as good as even (FIPS 186-5, A.2.1)
    drawn = int.from_bytes(_derived(secret.encode(), b"shouwang rescue key", 48), "big")
    return ec.derive_private_key(drawn % (ORDER - 1) + 1, CURVE)


def _derived(secret: bytes, about: bytes, length: int = 32) -> bytes:
    return HKDF(SHA256(), length, None, about).derive(secret)


def _coordinate(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
