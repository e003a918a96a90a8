"""Near pictures: edits of one picture pair, other pictures and bare shapes do not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from curate.dedupe import fingerprint
from curate.dedupe.images import HEAD, SAME, SIZE, Known, alike, compare, signature
from curate.messages import render
from curate.model import Extracted
from tests.material import material


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
    """Whether the pair would be reported as it stands: a candidate, and the same when compared."""
    result = compare(one, two)
    return bool(Known([one[:HEAD]]).near(two)) and result.score >= SAME and not result.turned


def same(one: Path, two: Path) -> bool:
    return found(signature(one), signature(two))


def marked(image: Image.Image) -> Image.Image:
    image = image.copy()
    draw = ImageDraw.Draw(image)
    width, height = image.size
    draw.rectangle([0.76 * width, 0.86 * height, 0.98 * width, 0.98 * height], fill="navy")
    draw.text((0.8 * width, 0.88 * height), "FOTO", fill="white", font=ImageFont.load_default(20))
    return image


def stamped(image: Image.Image) -> Image.Image:
    image, layer = image.copy(), Image.new("L", image.size)
    middle = (image.width / 2, image.height / 2)
    font = ImageFont.load_default(image.width // 6)
    ImageDraw.Draw(layer).text(middle, "SAMPLE", fill=120, font=font, anchor="mm")
    image.paste("white", mask=layer.rotate(15))
    return image


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
    "cropped at one side": lambda image: image.crop((0, 0, 456, 304)),
    "a mark in a corner": marked,
    "words across it": stamped,
    "framed": lambda image: ImageOps.expand(image, 8, "white"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_picture_is_near_its_original(
    edit: Callable[[Image.Image], Image.Image], tmp_path: Path
) -> None:
    for seed in (1, 2, 3):
        original = sign(scene(seed), tmp_path / "a.png")
        assert found(original, sign(edit(scene(seed)), tmp_path / "b.png"))


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_the_format_does_not_matter(format: str, tmp_path: Path) -> None:
    original = sign(scene(1), tmp_path / "a.png")
    assert found(original, sign(scene(1), tmp_path / "misnamed.svg", format=format))


def test_other_pictures_are_not_near(tmp_path: Path) -> None:
    signed = [sign(scene(seed), tmp_path / "a.png") for seed in range(40)]
    assert not [pair for pair in itertools.combinations(signed, 2) if compare(*pair).score >= SAME]


TURNS = {
    "one is turned by 90°": (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270),
    "one is turned by 180°": (Image.Transpose.ROTATE_180,),
    "one is mirrored": (Image.Transpose.FLIP_LEFT_RIGHT,),
    "one is upside down in a mirror": (Image.Transpose.FLIP_TOP_BOTTOM,),
    "one is mirrored and turned by 90°": (Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE),
}


@pytest.mark.parametrize("says", TURNS)
def test_a_turned_picture_is_found_and_said_to_be(says: str, tmp_path: Path) -> None:
    original = sign(scene(5), tmp_path / "a.png")
    for turn in TURNS[says]:
        other = sign(scene(5).transpose(turn), tmp_path / "b.jpg", quality=60)
        assert Known([original[:HEAD]]).near(other) == [0]
        result = compare(original, other)
        assert result.score >= SAME
        assert result.turned
        assert says in str(result.evidence)
        assert alike(original, other) < SAME


def test_the_evidence_names_what_differs_in_both_languages(tmp_path: Path) -> None:
    original = sign(scene(1), tmp_path / "a.png")
    expected = {
        "a mark in a corner": "a mark in a corner is all that differs",
        "words across it": "a see-through mark over the middle is all that differs",
        "cropped by 5 %": "one is cropped or framed",
        "grey": "one is grey, so only brightness was compared",
        "half size": "100 % of the picture is the same in brightness and colour",
    }
    for edit, says in expected.items():
        told = compare(original, sign(EDITS[edit](scene(1)), tmp_path / "b.png")).evidence
        assert told is not None
        assert says in str(told), edit
        assert "亮度" in render(told, "zh")
        assert "one is" not in render(told, "zh")
        assert "all that" not in render(told, "zh")


def test_pale_colours_made_stronger_are_the_same_picture(tmp_path: Path) -> None:
    for seed in range(6):
        pale = ImageEnhance.Color(scene(seed)).enhance(0.4)
        strong = ImageEnhance.Color(pale).enhance(1.5)
        assert found(sign(pale, tmp_path / "a.png"), sign(strong, tmp_path / "b.png")), seed


def icon(seed: int, side: int = 32) -> Image.Image:
    return scene(seed, (256, 256)).resize((side, side), Image.Resampling.LANCZOS)


def test_a_small_picture_is_found_when_it_is_compressed_or_made_smaller(tmp_path: Path) -> None:
    for seed in range(12):
        original = sign(icon(seed), tmp_path / "a.png")
        for quality in (20, 60):
            assert found(original, sign(icon(seed), tmp_path / "b.jpg", quality=quality)), seed
        assert found(original, sign(icon(seed), tmp_path / "b.webp", quality=40)), seed
        assert found(original, sign(icon(seed).resize((17, 17)), tmp_path / "b.png")), seed
        assert found(original, sign(icon(seed).resize((54, 54)), tmp_path / "b.png")), seed


def test_the_evidence_says_that_small_pictures_are_compared_coarsely(tmp_path: Path) -> None:
    told = {
        str(compare(*(sign(image, tmp_path / "a.png") for image in (one, one.resize((17, 17))))).evidence)
        for one in map(icon, range(12))
    }  # fmt: skip
    assert any("one is small, so only its larger parts were compared" in one for one in told)
    large = sign(scene(1), tmp_path / "a.png")
    assert "small" not in str(
        compare(large, sign(scene(1), tmp_path / "a.jpg", quality=5)).evidence
    )


def test_other_small_pictures_are_not_near(tmp_path: Path) -> None:
    signed = [sign(icon(seed), tmp_path / "a.png") for seed in range(40)]
    signed += [sign(icon(seed), tmp_path / "a.jpg", quality=20) for seed in range(40)]
    for (a, one), (b, two) in itertools.combinations(enumerate(signed), 2):
        assert a % 40 == b % 40 or compare(one, two).score < SAME


def folder(emblem: str, fill: str = "#4a7ab5") -> Image.Image:
    """An icon of a series: one folder, and what tells it from the others in its lower corner."""
    image = Image.new("RGB", (256, 256), "white")
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((16, 40, 240, 216), 16, fill=fill, outline="black", width=6)
    pen.rectangle((32, 72, 224, 88), fill="white")
    if emblem == "disc":
        pen.ellipse((136, 120, 232, 216), fill="#e0b020")
    elif emblem == "arrow":
        pen.polygon([(150, 210), (190, 110), (230, 210)], fill="#208030")
    elif emblem:
        pen.rectangle((140, 130, 230, 200), fill="#b02020")
    return image.resize((32, 32), Image.Resampling.LANCZOS)


def test_small_pictures_of_a_series_differ_by_their_emblem_or_colour(tmp_path: Path) -> None:
    kinds = [folder("disc"), folder("arrow"), folder("box"), folder("disc", "#b55a4a")]
    signed = [sign(kind, tmp_path / "a.png") for kind in kinds]
    assert not [pair for pair in itertools.combinations(signed, 2) if alike(*pair) >= SAME]


def test_a_signature_tells_how_large_its_file_was(tmp_path: Path) -> None:
    small, large = sign(icon(1), tmp_path / "a.png"), sign(scene(1), tmp_path / "a.png")
    assert (small[-1], large[-1]) == (32, 255)
    assert sign(icon(1, 20), tmp_path / "a.png")[-1] == 20
    assert sign(scene(1, (64, 36)), tmp_path / "a.png")[-1] == 48
    doubled = sign(icon(1).resize((64, 64), Image.Resampling.NEAREST), tmp_path / "a.png")
    assert doubled[-1] == 64
    assert compare(small, doubled).score == 1


def flag(path: Path, *colours: str) -> bytes:
    image = Image.new("RGB", (300, 200))
    for place, colour in enumerate(colours):
        image.paste(colour, (place * 100, 0, place * 100 + 100, 200))
    return sign(image, path)


def test_one_layout_in_other_colours_is_another_picture(tmp_path: Path) -> None:
    france, italy, romania = (
        flag(tmp_path / "a.png", "#0055a4", "white", "#ef4135"),
        flag(tmp_path / "a.png", "#009246", "white", "#ce2b37"),
        flag(tmp_path / "a.png", "#002b7f", "#fcd116", "#ce1126"),
    )
    assert compare(france, italy).score < SAME
    assert compare(france, romania).score < SAME
    assert compare(france, france).score == 1


def drawn(path: Path, draw: Callable[[ImageDraw.ImageDraw], object]) -> bytes:
    image = Image.new("RGB", (320, 320), "white")
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((50, 20, 270, 300), 20, outline="black", width=8)
    draw(pen)
    return sign(image, path)


def test_one_outline_with_another_content_is_another_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    icons = [
        drawn(path, lambda pen: pen.line((100, 160, 220, 160), fill="black", width=24)),
        drawn(path, lambda pen: pen.line((160, 100, 160, 220), fill="black", width=24)),
        drawn(path, lambda pen: pen.ellipse((100, 100, 220, 220), fill="black")),
        drawn(path, lambda pen: pen.ellipse((100, 100, 220, 220), fill="red")),
        drawn(path, lambda pen: pen.polygon([(100, 220), (160, 100), (220, 220)], fill="black")),
        drawn(path, lambda pen: pen.text((160, 160), "7", "black", ImageFont.load_default(160), "mm")),
        drawn(path, lambda pen: pen.text((160, 160), "3", "black", ImageFont.load_default(160), "mm")),
    ]  # fmt: skip
    close = [
        (a, b)
        for (a, one), (b, two) in itertools.combinations(enumerate(icons), 2)
        if alike(one, two) >= SAME
    ]
    assert close == []


def test_charts_with_one_frame_and_other_bars_are_not_the_same(tmp_path: Path) -> None:
    def chart(seed: int) -> bytes:
        heights = np.random.default_rng(seed).integers(20, 260, 8)
        image = Image.new("RGB", (400, 300), "white")
        pen = ImageDraw.Draw(image)
        pen.line([(30, 10), (30, 280), (390, 280)], fill="black", width=3)
        for place, height in enumerate(heights.tolist()):
            pen.rectangle((45 + 42 * place, 280 - height, 75 + 42 * place, 279), fill="#3366aa")
        return sign(image, tmp_path / "chart.png")

    charts = [chart(seed) for seed in range(12)]
    assert not [pair for pair in itertools.combinations(charts, 2) if alike(*pair) >= SAME]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from(sorted(EDITS)))
def test_comparing_is_the_same_in_either_order(first: int, second: int, edit: str) -> None:
    one, two = small(first), small(second, edit)
    assert compare(one, two) == compare(two, one)
    assert compare(one, one).score == compare(two, two).score == 1
    assert 0 <= compare(one, two).score <= 1


def small(seed: int, edit: str = "") -> bytes:
    image = scene(seed, (480, 320))
    held = BytesIO()
    (EDITS[edit](image) if edit else image).save(held, "PNG")
    return signature(held)


def test_signatures_are_the_same_on_every_machine() -> None:
    """Stored ones are compared with new ones: a change here asks for a new ``dedupe.VERSION``."""
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).polygon([(8, 8), (60, 20), (30, 56)], fill=(200, 30, 60))
    held = BytesIO()
    image.save(held, "PNG")
    signed = signature(held)
    assert len(signed) == SIZE
    assert signed == signature(held)
    assert signed[:12].hex() == "0adc48f64605fde467f119c2"


def test_pictures_that_say_nothing_have_no_signature(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    assert signature(tmp_path / "a.svg") == signature(tmp_path / "broken.jpg") == b""
    assert signature(tmp_path / "absent.png") == b""
    assert sign(Image.new("RGB", (200, 200), "red"), tmp_path / "a.png") == b""
    assert sign(scene(1).resize((16, 16)), tmp_path / "a.png") == b""
    assert len(sign(scene(1), tmp_path / "a.png")) == SIZE
    assert alike(b"", b"") == compare(b"", b"").score == 0


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


def test_candidates_are_found_in_their_order_however_many_there_are(tmp_path: Path) -> None:
    signed = [small(seed) for seed in range(25)]
    known = Known(one[:HEAD] for one in signed[:5])
    for one in signed[5:]:
        known.add(one)
    chance = np.random.default_rng(1)
    for row in chance.integers(-127, 128, (2000, HEAD), np.int8):  # more than there was room for
        known.add(row.tobytes())
    assert len(known) == 2025
    for place, one in enumerate(signed):
        assert known.near(one)[0] == place
        assert known.near(small(place, "cropped by 5 %"), 1) == [place]
    assert Known().near(signed[0]) == []


def test_edits_of_a_real_photo_pair_and_others_do_not() -> None:
    folder = material("images/pdq")
    original = folder / "bridge-mods" / "aaa-orig.jpg"
    edits = sorted((folder / "bridge-mods").glob("*.jpg"))
    assert len(edits) == 12
    assert [path.name for path in edits if not same(original, path)] == []
    others = sorted((folder / "reg-test-input" / "labelme-subset").glob("*.jpg"))
    assert [path.name for path in others if same(original, path)] == []
    modes = folder / "misc-images" / "modes"
    for name in ("L.png", "LA.png", "P.png", "RGB.jpg", "YCbCr.jpg"):
        assert same(modes / "original.jpg", modes / name), name


def test_a_real_photo_in_all_eight_positions() -> None:
    folder = material("images/pdq") / "reg-test-input" / "dih"
    paths = sorted(folder.glob("*.jpg"))
    assert len(paths) == 8
    signed = [signature(path) for path in paths]
    for one, two in itertools.combinations(signed, 2):
        result = compare(one, two)
        assert result.score >= SAME
        assert result.turned
        assert Known([one[:HEAD]]).near(two)


def test_resizes_and_formats_of_real_photos_pair() -> None:
    folder = material("images/imagededup")
    base = sorted((folder / "base_images").glob("*.jpg"))
    assert not [pair for pair in itertools.combinations(base, 2) if same(*pair)]
    mixed = folder / "mixed_images"
    assert same(mixed / "ukbench00120.jpg", mixed / "ukbench00120_resize.jpg")
    assert compare(*(signature(mixed / f"ukbench00120{end}.jpg") for end in ("", "_hflip"))).turned
    for suffix in ("bmp", "jpeg", "png", "webp"):
        other = folder / "formats_images" / f"ukbench09380.{suffix}"
        assert same(folder / "base_images/ukbench09380.jpg", other), suffix


def test_a_damaged_real_file_has_no_signature() -> None:
    assert signature(material("images/imagededup") / "mixed_images/ukbench09268_corrupt.jpg") == b""
