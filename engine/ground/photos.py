"""Photos and scans as they are kept: the content proves what a file is, and nothing else is asked.

A photo is drawn anew: turned the way it was taken, no larger than a screen and a sheet of paper can show, and
with nothing of the file that was sent but its picture. So the place and the camera that phones write into it
are gone, and so is whatever else somebody put beside the picture.
"""

from __future__ import annotations

import io
import re
from pathlib import PurePath
from threading import BoundedSemaphore
from typing import NamedTuple

from PIL import Image, ImageOps

from engine.ground import text
from engine.ground.errors import Invalid, NotFound

MAX_SIDE = 2000
"""Pixels of a photo's longer side: an ID card's letters stay legible,
and a printed sheet has 170 to the inch.
"""
THUMBNAIL_SIDE = 640
MAX_PIXELS = {"JPEG": 120_000_000, "MPO": 120_000_000, "PNG": 50_000_000, "WEBP": 50_000_000}
"""By format. Phones take JPEGs of 108 million pixels, which are read at a fraction of their size."""
Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS.values())  # of what the library itself takes for an attack
MAX_NAME = 200
_PDF_SLACK = 1024
"""Bytes that may stand before a PDF's header and after its end: readers look within one kilobyte."""
_MAX_PNG = 1_500_000
"""Bytes above which a PNG holds a photo and no letters, and is kept as a JPEG."""
_DRAWING = BoundedSemaphore(2)
"""Photos that are drawn at a time: each takes some hundred megabytes for a moment."""

_PHOTOS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_READ = ("JPEG", "PNG", "WEBP")  # a multi-picture JPEG begins as one
_WRITTEN = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_ENDINGS = {
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
}
_OTHERS = (".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff")
_KNOWN = {ending for endings in _ENDINGS.values() for ending in endings}.union(_OTHERS)
_APPLE = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends the data of a JPEG's scan: no zero that was put behind an 0xFF, no restart."""
_END = 0xD9

_KINDS = "照片（JPG、PNG、WebP）或扫描件（PDF）"
_HEIC = (
    "这是手机的 HEIC 照片，这里打不开，请改成 JPG 再传。怎么改：苹果手机在“设置—相机—格式”里选“兼容性最佳”，"
    "安卓手机在相机设置里关掉“高效率图片（HEIF）”，再拍一张；已经拍好的，打开照片截一张屏，传截屏。"
)


class Kept(NamedTuple):
    """A file as it is kept."""

    media_type: str
    body: bytes


def kept(body: bytes) -> Kept:
    """What `body` is, as it is kept. Raises Invalid for anything but a whole JPEG, PNG, WebP or PDF."""
    if _is_pdf(body):
        return Kept("application/pdf", body)
    if body[4:8] == b"ftyp" and body[8:12] in _APPLE:
        raise Invalid(_HEIC)
    try:
        with _DRAWING:
            return _photo(body)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Invalid(f"打不开：不是照片或扫描件，或者没有传完整。请上传完整的{_KINDS}。") from error


def accepted(asked: str) -> str:
    """What a file chooser offers where a form asks for files by their endings: every name of the same kinds.

    By their media types too: phones know files by those, and turn an Apple photo into a JPEG where that is
    asked for.
    """
    wanted = {ending.strip().lower() for ending in asked.split(",") if ending.strip()}
    kinds = [
        kind
        for kind, endings in _ENDINGS.items()
        if wanted.intersection((*endings, kind, kind.split("/")[0] + "/*"))
    ]
    known = [name for kind in kinds for name in (kind, *_ENDINGS[kind])]
    return ",".join(dict.fromkeys([*known, *sorted(wanted)]))


def _is_pdf(body: bytes) -> bool:
    """Whether a PDF begins and ends here: scanners write before its header, mail programmes after its end."""
    start, end = body[: _PDF_SLACK + 5], body[-_PDF_SLACK - 5 :]
    return b"%PDF-" in start and b"%%EOF" in end and not _is_photo(body)


def _is_photo(body: bytes) -> bool:
    return body.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")) or (
        body[:4] == b"RIFF" and body[8:12] == b"WEBP"
    )


def _photo(body: bytes) -> Kept:
    """A photo that was read to its last line: what was cut off in
    sending is found only by reading all of it.
    """
    with Image.open(io.BytesIO(body), formats=_READ) as image:
        media_type = _PHOTOS[str(image.format)]
        if image.width * image.height > MAX_PIXELS[str(image.format)]:
            raise Invalid("图片的尺寸过大，请缩小后再上传。")
        if media_type == "image/jpeg" and not _ends(body):
            raise ValueError("no end")
        image.draft(None, (MAX_SIDE, MAX_SIDE))
        image.load()
        upright = ImageOps.exif_transpose(image)
        drawn = _written(upright, media_type, MAX_SIDE, 88)
        if media_type != "image/png" or len(drawn) <= _MAX_PNG:
            return Kept(media_type, drawn)
        return Kept("image/jpeg", _written(upright, "image/jpeg", MAX_SIDE, 88))


def _ends(body: bytes) -> bool:
    """Whether a JPEG has its end, behind its last scan: libraries fill up what is missing,
    grey or from zeros.

    A small picture of its own, with an end of its own, may stand in the segments before; anything may stand
    behind.
    """
    at = 2
    while (found := _MARKER.search(body, at)) is not None:
        kind = body[found.start() + 1]
        if kind == _END:
            return True
        length = int.from_bytes(body[found.end() : found.end() + 2], "big")
        at = found.end() + length
    return False


def thumbnail(body: bytes) -> bytes:
    """A photo that was kept, as a small JPEG. Raises NotFound where it cannot be shown."""
    try:
        with _DRAWING, Image.open(io.BytesIO(body), formats=_READ) as image:
            image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            return _written(ImageOps.exif_transpose(image), "image/jpeg", THUMBNAIL_SIDE, 75)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotFound("这张照片打不开。") from error  # kept before photos were read to their last line


def _plain(image: Image.Image) -> Image.Image:
    """`image` in grey or in colours, eight bits each, on white:
    a signature on nothing would be black on black.
    """
    if image.mode.startswith("I"):  # a scanner's grey of sixteen bits
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")


def _written(image: Image.Image, media_type: str, side: int, quality: int) -> bytes:
    """`image` in at most `side` pixels, with its colours' profile and
    nothing else that was written beside it.
    """
    plain = _plain(image)
    profile = image.info.get("icc_profile") if plain.mode == image.mode else None
    plain = plain.copy()
    plain.info = {}
    plain.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    plain.save(out, _WRITTEN[media_type], quality=quality, icc_profile=profile)
    return out.getvalue()


def named(filename: str, media_type: str) -> str:
    """The name under which a file is kept: as it was sent, with the ending of what it is."""
    name = text.line(PurePath(filename.replace("\\", "/")).name)
    stem, dot, last = name.rpartition(".")
    stem, ending = (stem, dot + last) if dot + last.lower() in _KNOWN else (name, "")
    if ending.lower() not in _ENDINGS[media_type]:
        ending = _ENDINGS[media_type][0]
    stem = stem.strip(" .") or "附件"
    return stem[: MAX_NAME - len(ending)] + ending
