"""Photos and scans: what the content proves is accepted under any name, kept upright,
small and without its place.
"""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from engine.ground import photos
from engine.ground.errors import Invalid

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF\n"
GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F


def picture(width: int = 400, height: int = 300) -> Image.Image:
    """Something with detail, its upper left corner red."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.paste(Image.effect_noise((width // 2, height // 2), 40).convert("RGB"), (width // 2, height // 2))
    ImageDraw.Draw(image).rectangle((0, 0, width // 3, height // 3), "red")
    return image


def written(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (image or picture()).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body))


SENT = {
    "multi-picture": (written("MPO", save_all=True, append_images=[picture()]), "image/jpeg"),
    "jpeg": (written("JPEG"), "image/jpeg"),
    "progressive": (written("JPEG", progressive=True), "image/jpeg"),
    "cmyk": (written("JPEG", picture().convert("CMYK")), "image/jpeg"),
    "png": (written("PNG"), "image/png"),
    "webp": (written("WEBP"), "image/webp"),
    "pdf": (PDF, "application/pdf"),
    "pdf behind bytes": (b"\0" * 1024 + PDF, "application/pdf"),
    "pdf before bytes": (PDF.rstrip() + b"\r\n" * 512, "application/pdf"),
}
NAMES = (
    "照片.jpg",
    "照片.jfif",
    "照片.jpe",
    "照片.JPG",
    "照片",
    "照片.webp",
    "照片.pdf",
    "3.5米",
    ".jpg",
    "长" * 300 + ".jpeg",
    "长" * 300,
)


@pytest.mark.parametrize("sent", SENT)
@pytest.mark.parametrize("name", NAMES)
def test_the_content_says_what_a_file_is_and_the_name_follows(sent: str, name: str) -> None:
    body, media_type = SENT[sent]
    found = photos.kept(body)
    shown = photos.named(name, found.media_type)
    assert found.media_type == media_type
    assert shown.lower().endswith(photos._ENDINGS[media_type]) and len(shown) <= 200
    assert shown[:1] == (name.strip(".")[:1] if name != ".jpg" else "附")


@given(st.text(max_size=400), st.sampled_from(sorted(photos._ENDINGS)))
def test_any_name_can_be_kept_and_stays_what_it_became(name: str, media_type: str) -> None:
    shown = photos.named(name, media_type)
    assert 4 < len(shown) <= 200 and shown.lower().endswith(photos._ENDINGS[media_type])
    assert "/" not in shown and photos.named(shown, media_type) == shown


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "MPO"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_photo_that_was_cut_off_is_refused(kind: str, share: float) -> None:
    body = written(kind)
    with pytest.raises(Invalid, match="没有传完整"):
        photos.kept(body[: int(len(body) * share)])


def test_a_progressive_photo_that_was_cut_off_is_refused() -> None:
    body = written("JPEG", progressive=True)
    with pytest.raises(Invalid, match="没有传完整"):
        photos.kept(body[: len(body) // 2])


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"heix"])
def test_an_apple_photo_is_refused_with_what_to_do(brand: bytes) -> None:
    with pytest.raises(Invalid, match="兼容性最佳"):
        photos.kept(b"\0\0\0\x18ftyp" + brand + b"\0" * 400)


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.4 cut",
        b" " * 1030 + PDF,
        PDF + b" " * 1030,
        b"MZ\x90\0",
        b"<svg/>",
        written("GIF"),
        b"%%EOF %PDF",
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="照片（JPG、PNG、WebP）或扫描件"):
        photos.kept(body)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_upright_small_and_without_its_place(kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, "Phone"  # taken upright: to be turned right by a quarter
    exif.get_ifd(GPS)[1] = "N"
    exif[GPS] = {1: "N", 2: (34.0, 8.0, 1.0)}
    found = photos.kept(written(kind, picture(3000, 1500), exif=exif))
    kept = opened(found.body)
    assert kept.format == kind and kept.size == (1000, 2000)
    assert not kept.getexif() and b"Phone" not in found.body and "xmp" not in kept.info
    red = kept.convert("RGB").getpixel((950, 50))
    assert isinstance(red, tuple) and red[0] > 200 and red[1] < 80
    assert opened(photos.kept(found.body).body).size == (1000, 2000)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("beside", [b"<script>alert(1)</script>", b"PK\x03\x04", b"\xff\xda\0\x02GPS"])
def test_nothing_is_kept_that_stands_behind_a_picture(kind: str, beside: bytes) -> None:
    found = photos.kept(written(kind) + beside)
    assert beside not in found.body and opened(found.body).size == (400, 300)


def test_what_a_programme_wrote_into_a_picture_is_dropped() -> None:
    found = photos.kept(written("JPEG", comment=b"where it was taken"))
    assert b"where" not in found.body


def test_a_photo_whose_rest_is_zeros_did_not_come_whole() -> None:
    body = written("JPEG", exif=b"Exif\0\0" + written("JPEG", picture(80, 60)))  # a small whole one inside
    with pytest.raises(Invalid, match="没有传完整"):
        photos.kept(body[: len(body) // 2] + b"\0" * (len(body) // 2))


def test_a_photo_of_a_hundred_million_pixels_is_taken_and_a_bomb_is_not() -> None:
    assert max(opened(photos.kept(written("JPEG", Image.new("L", (12000, 9000)))).body).size) == 2000
    with pytest.raises(Invalid, match="尺寸过大"):
        photos.kept(written("PNG", Image.new("1", (9000, 9000))))


def test_a_photo_saved_as_png_is_kept_small_enough_to_send_on() -> None:
    found = photos.kept(written("PNG", Image.effect_noise((2400, 1200), 40), compress_level=1))
    assert found.media_type == "image/jpeg" and len(found.body) < 1_500_000


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_scan_of_any_depth_keeps_its_grey(mode: str) -> None:
    grey = (
        Image.new("I;16", (40, 30), 128 * 257)
        if mode == "I;16"
        else Image.new("L", (40, 30), 128).convert(mode)
    )
    shown = opened(photos.kept(written("PNG", grey)).body)
    wanted = grey.convert("L").getpixel((5, 5)) if mode == "1" else 128
    assert shown.mode in ("L", "RGB") and shown.convert("L").getpixel((5, 5)) == wanted


def test_a_chooser_offers_every_name_of_the_kinds_that_a_form_asks_for() -> None:
    offered = photos.accepted(".jpg,.pdf").split(",")
    assert {"image/jpeg", ".jpg", ".jpe", ".jfif", "application/pdf", ".pdf"} <= set(offered)
    assert ".png" not in offered and photos.accepted("") == "" and ".docx" in photos.accepted(".docx")


@pytest.mark.parametrize("sent", [name for name, (_, kind) in SENT.items() if kind.startswith("image")])
def test_a_thumbnail_is_small_whatever_it_shows(sent: str) -> None:
    small = photos.thumbnail(photos.kept(SENT[sent][0]).body)
    assert opened(small).format == "JPEG" and max(opened(small).size) <= 640 and len(small) < 150_000


def test_a_signature_on_nothing_is_black_on_white() -> None:
    drawn = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    small = opened(photos.thumbnail(written("PNG", drawn))).convert("L").getpixel((50, 50))
    assert isinstance(small, int) and small > 250
