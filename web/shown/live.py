"""Answers to pages that refresh their counts by themselves: `web/assets/page/live.js` asks,
[data-counts] names the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from flask import jsonify, request
from flask.typing import ResponseReturnValue


def answer(counts: Mapping[str, int]) -> ResponseReturnValue:
    """The counts by name, under an ETag of their content: unchanged ones cost no body."""
    found = jsonify({"counts": dict(counts)})
    found.headers["Cache-Control"] = "private, no-cache"
    found.set_etag(sha256(found.get_data()).hexdigest()[:24])
    return found.make_conditional(request)
