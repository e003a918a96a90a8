"""The same film in another file: codec, container and size do not matter; its sound does."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from curate import dedupe, extract
from curate.dedupe.film import alike, signature
from curate.pipeline.alike import FLOOR_MEDIA

pytestmark = [
    pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed"),
    pytest.mark.skipif(
        not importlib.util.find_spec("av"), reason="PyAV is not installed: the extra film"
    ),
]
needs_fpcalc = pytest.mark.skipif(
    not shutil.which("fpcalc"), reason="fpcalc is not installed (Debian: libchromaprint-tools)"
)
LENGTH = 12  # seconds


def ffmpeg(*arguments: str | Path) -> None:
    command = ["ffmpeg", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def shot(path: Path, picture: str, tone: str = "") -> Path:
    """A film of a made picture, and a made sound where there is a ``tone``."""
    heard: list[str] = ["-f", "lavfi", "-i", tone, "-shortest"] if tone else []
    ffmpeg("-f", "lavfi", "-i", picture, *heard, "-t", str(LENGTH), "-pix_fmt", "yuv420p", path)
    return path


def zoom(x: float) -> str:
    """Into the edge of the Mandelbrot set: another picture every second."""
    return f"mandelbrot=maxiter=400:size=160x120:rate=12:start_x={x}:start_y=-0.131:start_scale=2:end_scale=0.02:end_pts={12 * LENGTH}"


def song(seed: int) -> str:
    """Tones that change every third of a second."""
    return f"aevalsrc='0.4*sin(2*PI*t*(220+40*mod(floor(3*t)*{seed},17)))+0.2*sin(2*PI*t*(500+70*mod(floor(3*t)*{seed + 2},13)))'"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    shot(folder / "first.mp4", zoom(-0.7436), song(5))
    shot(folder / "second.mp4", zoom(-1.2566), song(5))
    return folder


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("other.webm", ["-c:v", "libvpx", "-b:v", "300k", "-c:a", "libvorbis"]),
        ("other.avi", ["-c:v", "mpeg4", "-q:v", "8", "-c:a", "mp3"]),
        ("other.mkv", ["-vf", "scale=320:-2", "-crf", "30"]),
        ("other.mov", ["-r", "25", "-an"]),
        ("other.mp4", ["-t", str(LENGTH - 0.3)]),
    ],
    ids=["webm", "avi", "larger mkv", "mov without sound", "a little shorter"],
)
def test_re_encoded_films_are_found(
    films: Path, tmp_path: Path, name: str, options: list[str]
) -> None:
    other = tmp_path / name
    ffmpeg("-i", films / "first.mp4", *options, other)
    score, told = alike(
        signature(films / "first.mp4", "mp4"), signature(other, name.partition(".")[2])
    )
    assert score >= 0.85, told
    assert "moments show the same" in str(told)


def test_other_pictures_and_an_excerpt_are_not(films: Path, tmp_path: Path) -> None:
    first = signature(films / "first.mp4", "mp4")
    assert alike(first, signature(films / "second.mp4", "mp4"))[0] < 0.5
    ffmpeg("-i", films / "first.mp4", "-t", str(LENGTH / 2), tmp_path / "half.mp4")
    assert alike(first, signature(tmp_path / "half.mp4", "mp4"))[0] < FLOOR_MEDIA


@needs_fpcalc
def test_the_same_pictures_with_another_sound_are_another_film(films: Path, tmp_path: Path) -> None:
    dubbed = shot(tmp_path / "dubbed.mp4", zoom(-0.7436), song(7))
    score, told = alike(signature(films / "first.mp4", "mp4"), signature(dubbed, "mp4"))
    assert score <= 0.5
    assert "the sound is another one" in str(told)


def test_a_film_that_shows_nothing_has_no_signature(tmp_path: Path) -> None:
    assert signature(shot(tmp_path / "black.mp4", "color=black:size=320x240:rate=5"), "mp4") == b""


@pytest.mark.parametrize(
    "form", ["mp4", "mov", "ogv", "avi", "mkv", "webm", "wmv", "flv", "unknown"]
)
@pytest.mark.parametrize(
    "data", [b"", b"\0" * 5000, b"plain words " * 500], ids=["empty", "zeros", "text"]
)
def test_what_is_no_film_has_no_signature(tmp_path: Path, form: str, data: bytes) -> None:
    file = tmp_path / "film"
    file.write_bytes(data)
    assert signature(file, form) == b""


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_a_film_that_is_cut_off_does_no_harm(films: Path, tmp_path: Path, share: float) -> None:
    ffmpeg("-i", films / "first.mp4", "-c", "copy", tmp_path / "first.mkv")
    for name in ("first.mkv", "first.mp4"):
        data = (tmp_path / name if name.endswith("mkv") else films / name).read_bytes()
        part = tmp_path / "part"
        part.write_bytes(data[: int(share * len(data))])
        assert isinstance(signature(part, name.partition(".")[2]), bytes)


def test_a_playlist_leads_to_no_other_file(films: Path, tmp_path: Path) -> None:
    shutil.copy(films / "first.mp4", tmp_path / "real.mp4")
    file = tmp_path / "list"
    file.write_text("#EXTM3U\n#EXTINF:12,\nreal.mp4\n#EXT-X-ENDLIST\n")
    assert [signature(file, form) for form in ("mp4", "mkv", "avi")] == [b""] * 3


def test_without_pyav_there_is_none(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert signature(films / "first.mp4", "mp4") == b""


def test_the_same_bytes_give_the_same_signature_and_its_length(films: Path) -> None:
    signed = signature(films / "first.mp4", "mp4")
    assert signed == signature(films / "first.mp4", "mp4")
    assert abs(struct.unpack_from("<I", signed)[0] - 10 * LENGTH) <= 2
    assert alike(signed, signed)[0] == 1.0


def test_film_files_get_a_fingerprint_of_their_pictures(films: Path) -> None:
    file = films / "first.mp4"
    mark = dedupe.fingerprint(extract.extract(file, file.name), file)
    assert mark.film
    assert not mark.sound, "a film is never the same as its sound alone"
