"""Files as they go to browsers: everything that is no page is made here, so that a walk over all addresses
finds it.

What somebody waits for is short: a file that was sent or issued, one drawing, a row for each place of a
county. Whatever may be longer goes through `web.pages.desk.outgoing`, which lets a job write it.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from flask import Response

from engine.ground import sheets

PICTURE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of what people sent and browsers show: it runs nothing and loads nothing."""


def attachment(
    body: bytes | str | Iterable[bytes], name: str, media_type: str = sheets.MEDIA_TYPE, **headers: str
) -> Response:
    """A file to keep, with a name in any script."""
    return _named("attachment", body, name, media_type, headers)


def inline(
    body: bytes | str, name: str, media_type: str, *, policy: str = "frame-ancestors 'none'"
) -> Response:
    """A file that the browser shows. It shows no PDF in a sandbox: its viewer has one of its own."""
    return _named("inline", body, name, media_type, {"Content-Security-Policy": policy})


def unnamed(body: bytes | str, media_type: str, **headers: str) -> Response:
    """What a page loads: a drawing, a picture."""
    return Response(body, mimetype=media_type, headers=headers)


def _named(
    way: str, body: bytes | str | Iterable[bytes], name: str, media_type: str, headers: dict[str, str]
) -> Response:
    said = {key.replace("_", "-"): value for key, value in headers.items()}
    shown = f"{way}; filename*=UTF-8''{quote(name, safe='')}"
    return Response(body, mimetype=media_type, headers={"Content-Disposition": shown, **said})
