"""Near pictures: edits of one picture pair, other pictures and bare shapes do not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from curate.dedupe import fingerprint
from curate.dedupe.images import DISTANCE, SIZE, alike, candidates, hashes, signature
from curate.model import Extracted
from tests.material import material

SAME = 0.85


def scene(seed: int, size: tuple[int, int] = (480, 320)) -> Image.Image:
    """A picture with large and small coloured shapes, different for each seed."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(chance.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for scale in (0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1):
        x, y = chance.random(2) * size
        width, height = np.array(size) * scale * (0.5 + chance.random(2) / 2)
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        shape = draw.ellipse if chance.random() < 0.5 else draw.rectangle
        shape(box, fill=tuple(chance.integers(0, 256, 3).tolist()))
    return image.filter(ImageFilter.GaussianBlur(1))


def sign(image: Image.Image, path: Path, **options: object) -> bytes:
    image.save(path, **options)
    return signature(path)


def found(one: bytes, two: bytes) -> bool:
    """Whether the pair would be reported: a candidate, and verified."""
    return bool(list(candidates(hashes([one]), hashes([two])))) and alike(one, two) >= SAME


def near(one: Path, two: Path) -> bool:
    return found(signature(one), signature(two))


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half size": lambda image: image.resize((240, 160)),
    "square": lambda image: image.resize((256, 256)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.3),
    "more colour": lambda image: ImageEnhance.Color(image).enhance(1.5),
    "grey": lambda image: image.convert("L"),
    "64 colours": lambda image: image.quantize(64),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "cropped by 5 %": lambda image: image.crop((12, 8, 468, 312)),
    "framed": lambda image: ImageOps.expand(image, 8, "white"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_picture_is_near_its_original(
    edit: Callable[[Image.Image], Image.Image], tmp_path: Path
) -> None:
    for seed in range(3):
        original = sign(scene(seed), tmp_path / "a.png")
        assert found(original, sign(edit(scene(seed)), tmp_path / "b.png"))


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_the_format_does_not_matter(format: str, tmp_path: Path) -> None:
    original = sign(scene(1), tmp_path / "a.png")
    assert found(original, sign(scene(1), tmp_path / "misnamed.svg", format=format))


def test_other_pictures_are_not_near(tmp_path: Path) -> None:
    signed = [sign(scene(seed), tmp_path / "a.png") for seed in range(40)]
    assert not [pair for pair in itertools.combinations(signed, 2) if found(*pair)]


def test_one_layout_in_other_colours_is_another_picture(tmp_path: Path) -> None:
    def flag(*colours: str) -> bytes:
        image = Image.new("RGB", (300, 200))
        for place, colour in enumerate(colours):
            image.paste(colour, (place * 100, 0, place * 100 + 100, 200))
        return sign(image, tmp_path / "flag.png")

    france, italy, romania = (
        flag("#0055a4", "white", "#ef4135"),
        flag("#009246", "white", "#ce2b37"),
        flag("#002b7f", "#fcd116", "#ce1126"),
    )
    assert alike(france, italy) < SAME
    assert alike(france, romania) < SAME
    assert alike(france, france) == 1


def test_pictures_that_say_nothing_have_no_signature(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    assert signature(tmp_path / "a.svg") == signature(tmp_path / "broken.jpg") == b""
    assert signature(tmp_path / "absent.png") == b""
    assert sign(Image.new("RGB", (200, 200), "red"), tmp_path / "a.png") == b""
    assert sign(scene(1).resize((16, 16)), tmp_path / "a.png") == b""
    assert len(sign(scene(1), tmp_path / "a.png")) == SIZE
    assert alike(b"", b"") == 0


def test_only_pictures_have_the_image_side(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.png")
    assert fingerprint(Extracted("png", "image", "image/png"), tmp_path / "a.png").image
    assert not fingerprint(Extracted("pdf", "document", ""), tmp_path / "a.png").image


def test_orientation_and_transparency_are_applied(tmp_path: Path) -> None:
    upright = sign(scene(2), tmp_path / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = scene(2).transpose(Image.Transpose.ROTATE_90)
    assert found(upright, sign(turned, tmp_path / "b.jpg", exif=exif))

    shape = Image.new("L", (480, 320))
    ImageDraw.Draw(shape).ellipse((100, 60, 380, 260), fill=255)
    clear, white = scene(2), Image.new("RGB", (480, 320), "white")
    clear.putalpha(shape)
    white.paste(scene(2), mask=shape)
    assert found(sign(clear, tmp_path / "c.png"), sign(white, tmp_path / "d.png"))


def test_sixteen_bit_pictures_are_scaled_not_clipped(tmp_path: Path) -> None:
    grey = np.asarray(scene(4).convert("L"), np.uint16)
    deep = Image.fromarray(grey * 257)
    assert found(
        sign(Image.fromarray(grey.astype(np.uint8)), tmp_path / "a.png"),
        sign(deep, tmp_path / "b.png"),
    )


def test_candidates_are_all_pairs_within_the_distance() -> None:
    chance = np.random.default_rng(1)
    stored = chance.integers(0, 2**63, 500, np.uint64)
    new = np.concatenate([stored[[7]] ^ np.uint64(0b1011), chance.integers(0, 2**63, 5, np.uint64)])
    expected = [
        (place, number)
        for number, b in enumerate(new)
        for place, a in enumerate(stored)
        if (int(a) ^ int(b)).bit_count() <= DISTANCE
    ]
    assert list(candidates(stored, new)) == expected
    assert (7, 0) in expected


def test_edits_of_a_real_photo_pair_and_others_do_not() -> None:
    folder = material("images/pdq")
    original = folder / "bridge-mods" / "aaa-orig.jpg"
    edits = sorted((folder / "bridge-mods").glob("*.jpg"))
    assert len(edits) == 12
    assert [path.name for path in edits if not near(original, path)] == []
    others = sorted((folder / "reg-test-input" / "labelme-subset").glob("*.jpg"))
    assert [path.name for path in others if near(original, path)] == []
    modes = folder / "misc-images" / "modes"
    for name in ("L.png", "LA.png", "P.png", "RGB.jpg", "YCbCr.jpg"):
        assert near(modes / "original.jpg", modes / name), name


def test_resizes_and_formats_of_real_photos_pair() -> None:
    folder = material("images/imagededup")
    base = sorted((folder / "base_images").glob("*.jpg"))
    assert not [pair for pair in itertools.combinations(base, 2) if near(*pair)]
    assert near(
        folder / "mixed_images/ukbench00120.jpg", folder / "mixed_images/ukbench00120_resize.jpg"
    )
    for suffix in ("bmp", "jpeg", "png", "webp"):
        other = folder / "formats_images" / f"ukbench09380.{suffix}"
        assert near(folder / "base_images/ukbench09380.jpg", other), suffix
