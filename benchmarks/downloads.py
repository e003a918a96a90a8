"""How much is transferred again when a large download is disturbed all the time.

    python benchmarks/downloads.py [TOTAL_MB] [FILES]

A server on this machine gives files of known bytes. While ``curate collect`` brings them, it is
killed (-9) again and again, the server is killed and started again, and connections are cut. Prints what was sent beyond the total, as a share of it, and checks every SHA-256.
"""

from __future__ import annotations

import hashlib
import mmap
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MIB = 1 << 20
PORTION = 1 << 16
KILLS = 6
"""Times that the client is killed; the server half as often."""
SHARE = 0.05
"""The most that may be sent again, of the total."""


class Material:
    """Bytes that cost nothing to make: one MiB of noise, entered at another place each time."""

    def __init__(self) -> None:
        noise = random.Random(7).randbytes(MIB)
        self._noise = noise + noise

    def portion(self, file: int, at: int) -> bytes:
        """The portion of ``file`` that holds byte ``at``, from there on."""
        number, skip = divmod(at, PORTION)
        start = (file * 7919 + number * 104729) % MIB
        return self._noise[start + skip : start + PORTION]

    def read(self, file: int, size: int, at: int = 0) -> Iterator[bytes]:
        while at < size:
            data = self.portion(file, at)[: size - at]
            yield data
            at += len(data)


class Count:
    """A number that survives the process that counts."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(16))
        self._stream = path.open("r+b")
        self._map = mmap.mmap(self._stream.fileno(), 16)
        self._lock = threading.Lock()

    def add(self, amount: int) -> None:
        with self._lock:
            (before,) = struct.unpack_from("<Q", self._map)
            struct.pack_into("<Q", self._map, 0, before + amount)

    @property
    def value(self) -> int:
        return int(struct.unpack_from("<Q", self._map)[0])


def serve(port: int, files: int, size: int, rate: float, count_file: str) -> None:
    """Until killed. ``rate``: bytes a second for each connection."""
    material, count = Material(), Count(Path(count_file))
    cuts = random.Random(time.monotonic_ns())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/":
                self._page("".join(f'<a href="/{n}.bin">{n}</a> ' for n in range(files)))
                return
            if not re.fullmatch(r"/\d+\.bin", self.path):
                self.send_error(404)
                return
            file = int(re.sub(r"\D", "", self.path))
            start = 0
            ranged = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if ranged and self.headers.get("If-Range") == f'"{file}"':
                start = int(ranged[1])
            self.send_response(206 if start else 200)
            self.send_header("ETag", f'"{file}"')
            self.send_header("Content-Length", str(size - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            # One answer in four is cut somewhere on its way.
            cut = start + cuts.randrange(size - start) if not cuts.randrange(4) else size
            self._send(file, start, cut)
            self.close_connection = self.close_connection or cut < size

        def _page(self, body: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def _send(self, file: int, at: int, end: int) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PORTION)
            with suppress(OSError):
                for data in material.read(file, end, at):
                    self.connection.sendall(data)
                    count.add(len(data))
                    time.sleep(len(data) / rate)
                return
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        allow_reuse_address = True
        daemon_threads = True

    Listener(("127.0.0.1", port), Handler).serve_forever()


def prepare(port: int, root: Path) -> None:
    """A workspace with one collection: the files that the server's first page links."""
    from curate.api import Workspace

    Workspace.init(root)
    (root / "curate.toml").write_text(
        "[fetch]\ndelay = 0\nretries = 20\ntimeout = 5\nmax_mb = 8192\nprivate = ['127.0.0.1']\n"
    )
    file = root / "collections" / "big" / "collection.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        f'title = "Big"\n[[sources]]\ntype = "site"\nstart = ["http://127.0.0.1:{port}/"]\n'
        'types = ["other"]\nmatch = "all"\n'
    )


def measure(total: int, files: int, root: Path, kills: int = KILLS) -> float:
    """The share of ``total`` bytes that was sent again. Raises AssertionError where a byte is wrong."""
    size, count = total // files, root / "sent"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    rate = total / 8.0  # undisturbed, it would take eight seconds
    ours = [sys.executable, __file__]
    served = [*ours, "--serve", str(port), str(files), str(size), str(rate), str(count)]
    asked = [sys.executable, "-m", "curate", "collect", "big", "--workspace", str(root)]
    prepare(port, root)
    chance = random.Random(3)
    server = subprocess.Popen(served)
    try:
        for n in range(kills):
            asking = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with suppress(subprocess.TimeoutExpired):
                asking.wait(1.0 + chance.random())
            if n % 2:
                server.send_signal(signal.SIGKILL)
                server.wait()
                time.sleep(chance.random() / 2)
                server = subprocess.Popen(served)
                with suppress(subprocess.TimeoutExpired):
                    asking.wait(chance.random())
            asking.send_signal(signal.SIGKILL)
            asking.wait()
        subprocess.run(asked, check=True, timeout=600, stdout=subprocess.DEVNULL)
    finally:
        server.kill()
        server.wait()
    _check(root, files, size)
    return Count(count).value / (size * files) - 1


def _check(root: Path, files: int, size: int) -> None:
    from curate.catalog import Catalog
    from curate.store import Store

    material = Material()
    with Catalog(root / ".curate" / "catalog.db", readonly=True) as catalog:
        taken = {one.locator: one.resource for one in catalog.with_state("big", "taken")}
    assert len(taken) == files, f"{len(taken)} of {files} files were taken"
    for locator, sha256 in taken.items():
        digest = hashlib.sha256()
        for data in material.read(int(re.sub(r"\D", "", locator.rpartition("/")[2])), size):
            digest.update(data)
        assert sha256 == digest.hexdigest(), f"{locator} is not what was served"
    assert not list(Store(root / ".curate" / "objects").verify())
    assert not list((root / ".curate" / "parts").iterdir()), "a part was left"


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        port, files, size = map(int, sys.argv[2:5])
        serve(port, files, size, float(sys.argv[5]), sys.argv[6])
    else:
        total = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
        files = int(sys.argv[2]) if len(sys.argv) > 2 else 20
        with tempfile.TemporaryDirectory() as folder:
            share = measure(total * MIB, files, Path(folder))
        print(f"{total} MiB in {files} files, every SHA-256 right: {share:.2%} sent again")
        sys.exit(share >= SHARE)


if __name__ == "__main__":
    main()
