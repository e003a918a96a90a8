"""Real pictures and edits of them: drawings, icons and wallpapers from Debian packages.

Needs ``apt-get``, ``dpkg`` and ``rsvg-convert`` (package librsvg2-bin). What is unpacked and drawn is kept below
``CURATE_DEBIAN``, as ``debian_docs`` does.
"""

from __future__ import annotations

import io
import itertools
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from debian_docs import HOME, unpacked
from report import log

if TYPE_CHECKING:
    from PIL import Image

Edit = Callable[["Image.Image", random.Random], bytes]
ORIGINALS = 2000
_STAR = re.compile(r"star_\d+pt\d+step\.svg")
"""1,375 drawings that a program made: stars of hardly different numbers of points."""


def originals() -> list[Path]:
    """``ORIGINALS`` picture files, no two with the same bytes: all wallpapers and icons, the rest drawings."""
    files = [*wallpapers(), *icons()]
    return files + list(itertools.islice(_drawn(), ORIGINALS - len(files)))


def wallpapers() -> list[Path]:
    """The largest rendition of each wallpaper, light and dark."""
    found: dict[Path, Path] = {}
    for path in _files("plasma-workspace-wallpapers", ".jpg", ".png"):
        if path.parent.name.startswith("images"):
            best = found.setdefault(path.parent, path)
            found[path.parent] = max(best, path, key=lambda one: int(one.stem.split("x")[0]))
    return sorted(found.values())


def icons() -> list[Path]:
    """Those of 32 pixels; the larger ones are drawings, the smaller ones show too little."""
    return [path for path in _files("tango-icon-theme", ".png") if "32x32" in path.parts]


def _files(package: str, *suffixes: str) -> list[Path]:
    folder = unpacked(package)
    if folder is None:
        raise SystemExit(f"the package {package} is needed")
    files = sorted(path for path in folder.resolve().rglob("*") if path.suffix in suffixes)
    first: dict[bytes, Path] = {}
    for path in files:
        if not path.is_symlink():
            first.setdefault(path.read_bytes(), path)
    return list(first.values())


def _drawn() -> Iterator[Path]:
    """Drawings as PNG of 300 to 500 pixels, in an order that has nothing to do with what they show."""
    drawings = _files("openclipart-svg", ".svg")
    random.Random(1).shuffle(drawings)
    folder = HOME / "pictures"
    folder.mkdir(exist_ok=True)
    # From the end: limits were chosen on drawings 2,000 to 4,000.
    order = [n for n, drawing in enumerate(drawings) if not _STAR.match(drawing.name)][::-1]
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(order), 50):
            some = order[start : start + 50]
            yield from filter(
                None,
                pool.map(lambda n: _draw(drawings[n], folder / f"{n:04}.png", 300 + n % 201), some),
            )


def names() -> list[str]:
    """Of the drawings, in the order of their numbers: ``0000.png`` is the first."""
    drawings = _files("openclipart-svg", ".svg")
    random.Random(1).shuffle(drawings)
    return [drawing.name for drawing in drawings]


def _draw(drawing: Path, target: Path, side: int) -> Path | None:
    """None where it cannot be drawn or shows nothing on white paper."""
    if not target.exists():
        size = ["-a", "-w", str(side), "-h", str(side), "-o"]
        part = target.with_suffix(".part")
        try:
            subprocess.run(
                ["rsvg-convert", *size, part, drawing], check=True, capture_output=True, timeout=20
            )
        except FileNotFoundError:
            raise SystemExit("rsvg-convert is needed: apt-get install librsvg2-bin") from None
        except subprocess.SubprocessError:
            log(f"cannot be drawn: {drawing.name}")
            part.write_bytes(b"")
        part.replace(target)
    if not target.stat().st_size:
        return None
    low, high = zip(*opened(target).getextrema(), strict=True)
    return target if low != high else None


def opened(path: Path) -> Image.Image:
    """On white paper, at most 1,000 pixels wide: what an editor starts from."""
    from PIL import Image

    with Image.open(path) as image:
        image.draft("RGB", (1000, 1000))
        if not image.has_transparency_data:
            image = image.convert("RGB")
        else:
            clear = image.convert("RGBA")
            image = Image.new("RGB", clear.size, "white")
            image.paste(clear, mask=clear.getchannel("A"))
        if image.width > 1000:
            image = image.resize((1000, round(1000 * image.height / image.width)))
        return image


def png(image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG", compress_level=1)
    return held.getvalue()


def _as(form: str, quality: int, image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, form, quality=quality)
    return held.getvalue()


def _resized(image: Image.Image, share: float) -> bytes:
    return png(image.resize([max(17, round(side * share)) for side in image.size]))


def _cropped(image: Image.Image, share: float, x: float = 0.5, y: float = 0.5) -> bytes:
    """``share`` of each side taken away; ``x`` and ``y`` of that on the left and at the top."""
    width, height = (side * (1 - share) for side in image.size)
    left, top = (image.width - width) * x, (image.height - height) * y
    return png(image.crop((round(left), round(top), round(left + width), round(top + height))))


def _marked(image: Image.Image, chance: random.Random) -> bytes:
    """A logo with a word, 22 % wide, in one of the corners."""
    from PIL import ImageDraw, ImageFont

    marked = image.copy()
    width, height = image.size
    x, y = chance.choice([0.02, 0.76]) * width, chance.choice([0.02, 0.86]) * height
    draw = ImageDraw.Draw(marked)
    colour = tuple(chance.randrange(256) for _ in range(3))
    draw.rectangle([x, y, x + 0.22 * width, y + 0.12 * height], fill=colour)
    font = ImageFont.load_default(max(8, 0.05 * width))
    draw.text((x + 0.02 * width, y + 0.02 * height), "SAMPLE", fill="white", font=font)
    return png(marked)


def _stamped(image: Image.Image, chance: random.Random) -> bytes:
    """Words across the middle, half transparent, turned a little."""
    from PIL import Image as Images
    from PIL import ImageDraw, ImageFont

    layer = Images.new("L", image.size)
    font = ImageFont.load_default(max(8, 0.16 * image.width))
    draw = ImageDraw.Draw(layer)
    draw.text((image.width / 2, image.height / 2), "SAMPLE", fill=128, font=font, anchor="mm")
    layer = layer.rotate(chance.choice([0, 15, 30]))
    stamped = image.copy()
    stamped.paste(chance.choice(["white", "gray", "black"]), mask=layer)
    return png(stamped)


def _turned(how: str) -> Edit:
    def edit(image: Image.Image, chance: random.Random) -> bytes:
        from PIL import Image as Images

        return png(image.transpose(Images.Transpose[how]))

    return edit


def _enhanced(what: str, by: float) -> Edit:
    def edit(image: Image.Image, chance: random.Random) -> bytes:
        from PIL import ImageEnhance

        return png(getattr(ImageEnhance, what)(image).enhance(by))

    return edit


def _framed(image: Image.Image, chance: random.Random) -> bytes:
    from PIL import ImageOps

    return png(ImageOps.expand(image, max(2, image.width // 40), chance.choice(["black", "white"])))


EDITS: dict[str, Edit] = {
    "JPEG, quality 20": lambda image, chance: _as("JPEG", 20, image),
    "JPEG, quality 60": lambda image, chance: _as("JPEG", 60, image),
    "WebP, quality 40": lambda image, chance: _as("WEBP", 40, image),
    "palette of 32 colours": lambda image, chance: png(image.quantize(32)),
    "half the size": lambda image, chance: _resized(image, 0.5),
    "1.7 times the size": lambda image, chance: _resized(image, 1.7),
    "greyscale": lambda image, chance: png(image.convert("L")),
    "mark in a corner": _marked,
    "words across the middle": _stamped,
    "crop 5 %": lambda image, chance: _cropped(image, 0.05),
    "crop 5 %, off the middle": lambda image, chance: _cropped(
        image, 0.05, chance.random(), chance.random()
    ),
    "crop 10 %": lambda image, chance: _cropped(image, 0.10),
    "brighter by a fifth": _enhanced("Brightness", 1.2),
    "darker by a fifth": _enhanced("Brightness", 0.8),
    "more contrast": _enhanced("Contrast", 1.3),
    "stronger colours": _enhanced("Color", 1.5),
    "frame": _framed,
    "turned by 90°": _turned("ROTATE_90"),
    "turned by 180°": _turned("ROTATE_180"),
    "turned by 270°": _turned("ROTATE_270"),
    "mirrored": _turned("FLIP_LEFT_RIGHT"),
    "upside down": _turned("FLIP_TOP_BOTTOM"),
}
