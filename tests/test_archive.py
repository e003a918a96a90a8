"""The ZIP writer: what it writes, zipfile and the reading of one byte after the other agree on."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.bundle.archive import IN_FLIGHT, WHOLE, Archive, Entry, stamp
from curate.errors import CurateError

NOISE = hashlib.shake_128(b"noise").digest(1 << 20)
WORDS = b"The quick brown fox jumps over the lazy dog. " * 5000


class Stream(io.RawIOBase):
    """``size`` bytes that repeat ``block``, never held at once."""

    def __init__(self, block: bytes, size: int) -> None:
        self._block = block
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        rest = self._size - self._at
        size = rest if size < 0 else min(size, rest)
        start = self._at % len(self._block)
        data = (self._block * (size // len(self._block) + 2))[start : start + size]
        self._at += size
        return data


def pieces(block: bytes, size: int) -> Iterator[bytes]:
    stream = Stream(block, size)
    while data := stream.read(1 << 20):
        yield data


def entry(path: str, data: bytes, packed: bool = False) -> Entry:
    digest = hashlib.sha256(data).hexdigest()
    return Entry(path, len(data), digest, lambda: io.BytesIO(data), packed)


def streamed(path: str, block: bytes, size: int, packed: bool = False) -> Entry:
    digest = hashlib.sha256()
    for data in pieces(block, size):
        digest.update(data)
    return Entry(path, size, digest.hexdigest(), lambda: Stream(block, size), packed)  # type: ignore[arg-type,return-value]


def written(path: Path, *entries: Entry, threads: int = 0, seconds: int = 1577836800) -> bytes:
    with path.open("w+b") as file:
        archive = Archive(file, seconds)
        assert [one.path for one in archive.add_all(entries, threads)] == [
            one.path for one in entries
        ]
        archive.close()
    return path.read_bytes()


def methods(path: Path) -> dict[str, int]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {one.filename: one.compress_type for one in archive.infolist()}


def test_a_large_file_is_streamed_and_whole(tmp_path: Path) -> None:
    size = IN_FLIGHT + (5 << 20) + 7
    path = tmp_path / "x.zip"
    written(path, entry("a.txt", WORDS), streamed("b.bin", WORDS, size), entry("c.txt", b"end"))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None  # reads everything against its CRC
        info = archive.getinfo("b.bin")
        assert (info.file_size, info.compress_type, info.flag_bits) == (size, 8, 0x800)
        with archive.open("b.bin") as found:
            assert all(found.read(len(piece)) == piece for piece in pieces(WORDS, size))
            assert found.read(1) == b""
        assert archive.read("c.txt") == b"end"
    assert path.stat().st_size < size // 10


@pytest.mark.parametrize(("block", "packed"), [(NOISE, False), (WORDS, True)])
def test_a_large_file_that_gains_nothing_is_stored(
    tmp_path: Path, block: bytes, packed: bool
) -> None:
    written(tmp_path / "x.zip", streamed("a", block, WHOLE + 1, packed))
    assert methods(tmp_path / "x.zip") == {"a": 0}


def test_what_gains_nothing_is_stored(tmp_path: Path) -> None:
    written(
        tmp_path / "x.zip",
        entry("words.txt", WORDS),
        entry("noise.bin", NOISE),
        entry("film.mp4", WORDS, packed=True),
        entry("short.txt", b"short"),
        entry("little noise.bin", NOISE[:5000]),
        entry("empty", b""),
    )
    assert methods(tmp_path / "x.zip") == {
        "words.txt": 8, "noise.bin": 0, "film.mp4": 0, "short.txt": 0, "little noise.bin": 0,
        "empty": 0,
    }  # fmt: skip


FILES = st.lists(st.tuples(st.binary(max_size=300), st.integers(1, 400), st.booleans()), max_size=8)


@settings(max_examples=60)
@given(files=FILES, threads=st.integers(1, 4))
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[bytes, int, bool]], threads: int
) -> None:
    path = tmp_path_factory.mktemp("zip") / "x.zip"
    entries = [
        entry(f"文件/{number}.bin", data * times, packed)
        for number, (data, times, packed) in enumerate(files)
    ]
    first = written(path, *entries, threads=threads)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [one.path for one in entries]
        assert [archive.read(one.path) for one in entries] == [one.open().read() for one in entries]
    assert written(path, *entries, threads=1) == first


def test_more_entries_than_the_old_format_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with path.open("w+b") as file:
        archive = Archive(file, stamp())
        for number in range(70_000):
            archive.add(f"{number}", b"")
        archive.close()
    with zipfile.ZipFile(path) as found:
        assert len(found.namelist()) == 70_000
        assert found.read("69999") == b""


@pytest.mark.parametrize("size", [10, WHOLE + 1])
def test_bytes_that_are_not_what_the_entry_says(tmp_path: Path, size: int) -> None:
    right = streamed("a", WORDS, size)
    wrong = Entry("a", size, right.sha256, lambda: io.BytesIO(bytes(size)), title="A film")
    short = Entry("a", size, right.sha256, lambda: Stream(WORDS, size - 1))  # type: ignore[arg-type,return-value]
    for one in (wrong, short):
        with pytest.raises(CurateError, match="is damaged") as caught:
            written(tmp_path / "x.zip", entry("first", b"1"), one, entry("last", b"2"))
        assert right.sha256 in caught.value.message


class Failing(io.RawIOBase):
    """A disk that gives up after the file was opened."""

    def read(self, size: int = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("size", [10, WHOLE + 1])
def test_a_disk_that_gives_up_is_an_error_that_names_the_file(tmp_path: Path, size: int) -> None:
    broken = Entry("a", size, "0" * 64, Failing, title="A film")  # type: ignore[arg-type]
    with pytest.raises(CurateError, match="'A film' cannot be read from the library"):
        written(tmp_path / "x.zip", broken)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ("1700000001", (2023, 11, 14, 22, 13, 20)),  # the format knows even seconds only
        ("0", (1980, 1, 1, 0, 0, 0)),
        ("99999999999", (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_source_date_epoch_is_the_time_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: str, expected: tuple[int, ...]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    written(tmp_path / "x.zip", entry("a", b"1"), entry("b", WORDS), seconds=stamp())
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert {one.date_time for one in archive.infolist()} == {expected}


@pytest.mark.parametrize("given", ["yesterday", "", "1e9", "9" * 40])
def test_a_source_date_epoch_that_is_no_time(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    with pytest.raises(CurateError, match="SOURCE_DATE_EPOCH"):
        stamp()


def test_without_source_date_epoch_the_time_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert stamp() == 1577836800
