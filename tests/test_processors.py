"""The bytes of an archive do not depend on what the processor can do: an older one is tried in an emulator."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path[:0] = {path!r}
import hashlib, io, random
from curate.bundle import archive
from curate.bundle.archive import Archive, Entry
archive.WHOLE = 1 << 20  # so that something is streamed
chance = random.Random(3)
words = ["".join(chr(chance.randrange(97, 123)) for _ in range(chance.randrange(2, 9))) for _ in range(400)]
text = " ".join(chance.choice(words) for _ in range(60_000)).encode()
noise = hashlib.shake_128(b"noise").digest(200_000)
mixed = b"".join(text[n : n + 500] + noise[n : n + 900] for n in range(0, 150_000, 1000))
files = (text, noise, mixed, text[:50], b"", 4 * text)
out = io.BytesIO()
made = Archive(out, 1577836800)
entries = [
    Entry(f"文件 {{n}}", len(data), hashlib.sha256(data).hexdigest(), lambda data=data: io.BytesIO(data))
    for n, data in enumerate(files)
]
for _ in made.add_all(entries):
    pass
made.close()
print(hashlib.sha256(out.getvalue()).hexdigest())
"""


def run(*command: str) -> str:
    program = PROGRAM.format(path=[str(Path(__file__).parents[1]), *sys.path[1:]])
    done = subprocess.run([*command, "-I", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("cpu", ["Nehalem", "Haswell"])
def test_an_older_processor_writes_the_same_bytes(cpu: str) -> None:
    emulator = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if not emulator or platform.machine() != "x86_64" or sys.platform != "linux":
        pytest.skip("no qemu-x86_64 here (apt-get install qemu-user-static), or another machine")
    python = str(Path(sys.executable).resolve())
    assert run(emulator, "-cpu", cpu, python) == run(sys.executable)
