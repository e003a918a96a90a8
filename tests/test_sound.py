"""The same recording in another file: codec, volume, sampling rate and a second more or less do not matter."""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from curate import dedupe, extract
from curate.dedupe.sound import alike, signature
from curate.model import Fingerprint
from curate.pipeline.alike import FLOOR_MEDIA
from tests.material import material

needs_fpcalc = pytest.mark.skipif(
    not shutil.which("fpcalc"), reason="fpcalc is not installed (Debian: libchromaprint-tools)"
)
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")

RATE = 44_100
Sound = NDArray[np.float64]


def tune(seed: int, seconds: float) -> Sound:
    """Chords of decaying strings, another one every third of a second; -1..1."""
    chance = np.random.default_rng(seed)
    step = RATE // 3
    time = np.arange(3 * step) / RATE
    music = np.zeros(int(seconds * RATE) + 3 * step)
    for start in range(0, int(seconds * RATE), step):
        for note in chance.choice(36, 3, replace=False):
            pitch = 110 * 2 ** (note / 12)
            for overtone in range(1, 5):
                string = np.sin(2 * np.pi * pitch * overtone * time) / overtone
                music[start : start + 3 * step] += string * np.exp(-4 * time)
    return music[: int(seconds * RATE)] / np.abs(music).max()


def save(path: Path, sound: Sound, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((sound * 32_000).astype("<i2").tobytes())
    return path


@pytest.fixture
def sign(tmp_path: Path) -> Callable[[Sound], bytes]:
    def signed(sound: Sound) -> bytes:
        return signature(save(tmp_path / "sound.wav", np.clip(sound, -1, 1)), "wav")

    return signed


def encoded(file: Path, target: Path, *options: str) -> Path:
    command = ["ffmpeg", "-loglevel", "error", "-y", "-i", file, *options, target]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return target


@needs_fpcalc
def test_louder_trimmed_and_noisy_is_the_same_recording(sign: Callable[[Sound], bytes]) -> None:
    music = tune(1, 30)
    noise = np.random.default_rng(2).normal(0, 0.02, len(music))
    for other in (music * 0.2, music[RATE:], music[: -2 * RATE], music + noise):
        score, told = alike(sign(music), sign(other))
        assert score >= 0.9, told
        assert "of the fingerprint agrees over" in str(told)


@needs_fpcalc
def test_other_music_and_an_excerpt_are_not(sign: Callable[[Sound], bytes]) -> None:
    first, second = tune(1, 30), tune(3, 30)
    assert alike(sign(first), sign(second))[0] < 0.6
    assert alike(sign(first), sign(first[: 15 * RATE]))[0] < FLOOR_MEDIA
    mixed = np.concatenate([first[: 10 * RATE], second[10 * RATE :]])
    assert alike(sign(first), sign(mixed))[0] < FLOOR_MEDIA, "a beginning in common is not enough"


@needs_fpcalc
@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("other.mp3", ["-b:a", "64k"]),
        ("other.ogg", ["-c:a", "libvorbis", "-q:a", "1"]),
        ("other.flac", ["-ar", "22050"]),
        ("other.m4a", ["-b:a", "48k"]),
        ("other.aiff", ["-af", "volume=-6dB"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("what", ["music", "speech"])
def test_re_encoded_recordings_are_found(
    tmp_path: Path, what: str, name: str, options: list[str]
) -> None:
    if what == "music":
        file = save(tmp_path / "first.wav", tune(4, 20))
    else:
        spoken = material("documents/docling/audio__sources__sample_10s.mp3")
        file = encoded(spoken, tmp_path / "first.wav")
    other = encoded(file, tmp_path / name, *options)
    form = name.partition(".")[2]
    score, told = alike(signature(file, "wav"), signature(other, form))
    assert score >= 0.9, told


@needs_fpcalc
@pytest.mark.parametrize(
    "sound",
    [np.zeros(10 * RATE), np.sin(np.arange(10 * RATE) / 16), tune(1, 3)],
    ids=["silence", "one tone", "three seconds"],
)
def test_what_says_nothing_has_no_signature(sign: Callable[[Sound], bytes], sound: Sound) -> None:
    assert sign(sound) == b""


@needs_fpcalc
@pytest.mark.parametrize(
    "form", ["mp3", "wav", "ogg", "flac", "m4a", "aac", "aiff", "midi", "unknown"]
)
@pytest.mark.parametrize(
    "data", [b"", b"\0" * 5000, b"plain words " * 500], ids=["empty", "zeros", "text"]
)
def test_what_is_no_sound_has_no_signature(tmp_path: Path, form: str, data: bytes) -> None:
    file = tmp_path / "sound"
    file.write_bytes(data)
    assert signature(file, form) == b""


@needs_fpcalc
def test_a_playlist_leads_to_no_other_file(tmp_path: Path) -> None:
    save(tmp_path / "real.wav", tune(1, 20))
    for text in (
        "#EXTM3U\n#EXTINF:20,\nreal.wav\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile real.wav\n",
    ):
        file = tmp_path / "list"
        file.write_text(text)
        assert [signature(file, form) for form in ("mp3", "wav", "ogg", "m4a")] == [b""] * 4


@needs_fpcalc
def test_a_file_that_is_cut_off_is_signed_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.wav", tune(1, 20))
    part = tmp_path / "part.wav"
    for share in (0.9, 0.001):
        part.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
        signed = signature(part, "wav")
        assert not signed or alike(signature(whole, "wav"), signed)[0] > 0.8


def test_without_fpcalc_there_is_none(
    sign: Callable[[Sound], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert sign(tune(1, 10)) == b""


def test_signatures_of_nothing_are_not_alike() -> None:
    assert alike(b"", b"") == (0.0, None)
    assert alike(b"\1\0\0\0", b"\1\0\0\0" * 40) == (0.0, None)


@needs_fpcalc
def test_sound_files_get_a_fingerprint_of_their_sound_and_others_none(tmp_path: Path) -> None:
    file = save(tmp_path / "tune.wav", tune(1, 10))
    marks: list[Fingerprint] = []
    for path in (file, material("licenses/mit")):
        path = next(path.rglob("*.*")) if path.is_dir() else path
        marks.append(dedupe.fingerprint(extract.extract(path, path.name), path))
    assert (bool(marks[0].sound), bool(marks[1].sound)) == (True, False)
