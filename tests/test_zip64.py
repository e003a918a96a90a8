"""A file of 4.4 GB and 66,000 more: an archive beyond what the old format counts, and everybody opens it."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from curate.bundle import crate, verify
from curate.bundle.archive import Archive, Entry

LARGE = 4_400_000_000
SHA256 = "36f5a3b9e315883c2066011cbe3b9e95016f44d5769930b73dace48af444d404"  # of so many zeros
MANY = 66_000
BLOCK = 4 << 20
ZEROS = bytes(BLOCK)


class Zeros(io.RawIOBase):
    """``LARGE`` bytes that nobody has to keep."""

    def __init__(self) -> None:
        self._rest = LARGE

    def read(self, size: int = -1, /) -> bytes:
        size = min(size, self._rest)
        self._rest -= size
        return ZEROS if size == BLOCK else bytes(size)


class Sparse(io.FileIO):
    """A file in which zeros take no room on the disk."""

    def write(self, data: object, /) -> int:
        if data is ZEROS:
            self.seek(BLOCK, 1)
            return BLOCK
        return super().write(data)  # type: ignore[arg-type]


def entries() -> Iterator[Entry]:
    yield Entry("t/data/a large film.mp4", LARGE, SHA256, Zeros, packed=True)  # type: ignore[arg-type]
    for number in range(MANY):
        text = f"{number}".encode()
        digest = hashlib.sha256(text).hexdigest()
        yield Entry(f"t/data/many/{number:05}.txt", len(text), digest, partial(io.BytesIO, text))


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("huge") / "huge.zip"
    if shutil.disk_usage(path.parent).free < 6_000_000_000:
        pytest.skip("less than 6 GB of disk are free")
    with Sparse(path, "w+b") as file:
        archive = Archive(file, 1577836800)
        written = list(archive.add_all(entries()))
        archive.add("t/bagit.txt", crate.DECLARATION)
        rows = ((one.path.removeprefix("t/"), one.sha256) for one in written)
        archive.add("t/manifest-sha256.txt", crate.manifest(rows))
        archive.close()
    assert path.stat().st_size > 1 << 32
    yield path
    path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("unzip", "-tqq"), ("7z|7zz", "t", "-bd"), ("bsdtar", "-tf")],
    ids=" ".join,
)
def test_another_program_opens_it(huge: Path, command: tuple[str, ...]) -> None:
    program = next(filter(None, map(shutil.which, command[0].split("|"))), None)
    if not program:
        pytest.skip(f"{command[0]} is not installed here")
    done = subprocess.run([program, *command[1:], huge], capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    if command[0] == "bsdtar":
        assert len(done.stdout.splitlines()) == MANY + 3


@pytest.mark.slow
def test_python_opens_it(huge: Path) -> None:
    with zipfile.ZipFile(huge) as archive:
        infos = archive.infolist()
        assert len(infos) == MANY + 3
        assert infos[0].file_size == LARGE
        # The large one alone says how large it is in the wider form; offsets do where they have to.
        assert [one.filename for one in infos if one.file_size > 1 << 32] == [infos[0].filename]
        for one in (infos[1], infos[MANY], infos[-1]):
            assert one.header_offset > 1 << 32
            assert archive.read(one)
        assert archive.read("t/data/many/65999.txt") == b"65999"


@pytest.mark.slow
def test_our_verifier_reads_it_in_place(huge: Path) -> None:
    assert verify(huge) == []
