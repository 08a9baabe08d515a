"""Photos and scans as they are kept: the content proves what a file is, and nothing else is asked.

A photo is kept turned the way it was taken, without the place and the camera that phones write into it, and no larger
than a screen and a sheet of paper can show.
"""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import NamedTuple

from PIL import Image, ImageOps

from engine import text
from engine.errors import Invalid, NotFound

MAX_SIDE = 2000
"""Pixels of a photo's longer side: an ID card's letters stay legible, and a printed sheet has 170 to the inch."""
THUMBNAIL_SIDE = 640
MAX_PIXELS = 80_000_000
MAX_NAME = 200
_PDF_SLACK = 1024
"""Bytes that may stand before a PDF's header and after its end: readers look within one kilobyte."""

_PHOTOS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
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
_TOLD_BY_PHONES = {
    "exif",
    "xmp",
    "photoshop",
    "comment",
    "XML:com.adobe.xmp",
    "Raw profile type exif",
    "mp",
    "mpoffset",
}

_KINDS = "照片（JPG、PNG、WebP）或扫描件（PDF）"
_HEIC = (
    "这是苹果手机的 HEIC 照片，这里打不开，请改成 JPG 再传。怎么改：在手机的“设置—相机—格式”里选“兼容性最佳”，再拍一张；"
    "已经拍好的，打开照片截一张屏，传截屏。"
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
        return _photo(body)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Invalid(f"文件打不开，或者没有传完整。请上传完整的{_KINDS}。") from error


def _is_pdf(body: bytes) -> bool:
    """Whether a PDF begins and ends here: scanners write before its header, mail programmes after its end."""
    start, end = body[: _PDF_SLACK + 5], body[-_PDF_SLACK - 5 :]
    return b"%PDF-" in start and b"%%EOF" in end and not _is_photo(body)


def _is_photo(body: bytes) -> bool:
    return body.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")) or (body[:4] == b"RIFF" and body[8:12] == b"WEBP")


def _photo(body: bytes) -> Kept:
    """A photo that was read to its last line: what was cut off in sending is found only by reading all of it."""
    with Image.open(io.BytesIO(body)) as image:
        media_type = _PHOTOS.get(image.format or "")
        if media_type is None:
            raise Invalid(f"只能上传{_KINDS}。")
        if image.width * image.height > MAX_PIXELS:
            raise Invalid("图片的尺寸过大，请缩小后再上传。")
        told = _TOLD_BY_PHONES.intersection(image.info) or image.format == "MPO" or getattr(image, "text", None)
        image.load()
        if not told and max(image.size) <= MAX_SIDE:
            return Kept(media_type, body)
        return Kept(media_type, _written(ImageOps.exif_transpose(image), media_type, MAX_SIDE, 88))


def thumbnail(body: bytes) -> bytes:
    """A photo that was kept, as a small JPEG. Raises NotFound where it cannot be shown."""
    try:
        with Image.open(io.BytesIO(body)) as image:
            image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            upright = ImageOps.exif_transpose(_on_white(image))
            return _written(upright, "image/jpeg", THUMBNAIL_SIDE, 75)
    except (OSError, SyntaxError, ValueError) as error:  # kept before photos were read to their last line
        raise NotFound("这张照片打不开。") from error


def _on_white(image: Image.Image) -> Image.Image:
    """`image` without transparency: a JPEG has none, and a signature on nothing would be black on black."""
    if not image.has_transparency_data:
        return image
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)


def _written(image: Image.Image, media_type: str, side: int, quality: int) -> bytes:
    """`image` in at most `side` pixels, with its colours' profile and nothing else that was written beside it."""
    profile = image.info.get("icc_profile")
    modes = ("RGB", "L") if media_type == "image/jpeg" else ("RGB", "RGBA", "L", "LA", "P", "1")
    plain = image if image.mode in modes else image.convert("RGB")
    if plain.mode == "P":
        plain = plain.convert("RGBA" if plain.has_transparency_data else "RGB")
    profile = profile if plain.mode == image.mode else None
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
