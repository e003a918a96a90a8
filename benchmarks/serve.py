"""Two hundred buyers at once download a bundle of 200 MB: our server alone, behind nginx, and nginx alone.

    python benchmarks/serve.py [--buyers 200] [--mb 200] [--seconds 12]

All in one run on this machine: clients throw away what they get (MSG_TRUNC, where the system can), so that
they cost as little as may be. Each way is given ``--seconds``; what came through in them is its throughput.
Then 10,000 wrong codes are sent, through nginx and without it, and the server's CPU time is set against the
time that the attack took.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import multiprocessing
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import report

from curate.api import Workspace
from curate.shop import Shop
from curate.shop.access import grants, links
from curate.web import nginx as front

MIB = 1 << 20
CLIENTS = 2
"""Processes that the buyers are divided among."""
GUESSES = 10_000
PACE = 1_000
"""Guesses a second of the slower attack."""
BAR = 0.7
"""Of nginx's own throughput, through X-Accel."""
_HEAD = (
    b"POST /open HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\n\r\n"
)
_DISCARD = getattr(socket, "MSG_TRUNC", 0) if sys.platform == "linux" else 0
_MAIN = """
daemon off;
worker_processes auto;
{user}
pid {home}/nginx.pid;
error_log {home}/main.error.log error;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    access_log off;
{site}
    server {{
        listen 127.0.0.1:{plain};
        sendfile on;
        tcp_nopush on;
        sendfile_max_chunk 1m;
        location / {{ root "{build}"; }}
    }}
}}
"""


@dataclass(frozen=True)
class Ports:
    front: int
    behind: int
    alone: int
    plain: int


@dataclass(frozen=True)
class Ran:
    """What one way did."""

    name: str
    rate: float
    """MB/s."""
    whole: int
    """Buyers who got all of it within the time."""
    refused: int
    cpu: float
    """Seconds of the servers in each second."""
    memory: float
    """MiB, peak of all the servers' processes together."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def shop(folder: Path, ports: Ports, mb: int) -> Shop:
    """One product whose bundle holds ``mb`` MB that cannot be packed."""
    workspace = Workspace.init(folder / "w")
    material = workspace.collections / "big" / "material"
    material.mkdir(parents=True)
    noise = random.Random(7)
    with (material / "film.bin").open("wb") as file:
        for _ in range(mb):
            file.write(noise.randbytes(1_000_000))
    (material.parent / "collection.toml").write_text(
        'title = "Big"\n[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n'
        'rights = { own = "Ann" }\n'
    )
    workspace.collect("big")
    workspace.classify("big")
    workspace.package("big")
    (workspace.root / "shop.toml").write_text(
        '[products.BIG]\ncollection = "big"\ndownloads = 1\n'
        f'[serve]\nurl = "http://127.0.0.1:{ports.front}"\nport = {ports.behind}\n'
        'accel = "/-/build"\nproxies = ["127.0.0.1"]\n'
    )
    return Shop.open(workspace)


def buyers(of: Shop, count: int) -> list[str]:
    """A path of a link for each."""
    with of.database.writing() as connection:
        made = grants.issue(connection, of, None, "BIG", count)
    record = next((of.workspace.build / "big").glob("1.0.0/*.zip"))
    return [links.make(of, one, "1.0.0", record.name) for one in made]


@contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[int]:
    with log.open("wb") as file:
        process = subprocess.Popen(list(command), stdout=file, stderr=file)
    try:
        for _ in range(2000):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.02)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@contextmanager
def servers(of: Shop, ports: Ports, home: Path) -> Iterator[tuple[int, int, int]]:
    """Process ids of nginx, of the server behind it, and of one alone."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise SystemExit("nginx is not here: install nginx-light")
    home.mkdir()
    (home / "nginx.conf").write_text(
        _MAIN.format(
            home=home,
            site=front.configuration(of, str(home)),
            plain=ports.plain,
            build=of.workspace.build,
            user="user root;" if os.geteuid() == 0 else "",
        )
    )
    of.database.close()  # all of it in one file
    alone = home / "alone"
    # The same shop, asked without a proxy: then it sends the bytes itself.
    shutil.copytree(of.workspace.root, alone, copy_function=os.link, ignore=_own)
    for name in ("shop.toml", "shop.db"):
        shutil.copy(of.workspace.root / name, alone / name)
    text = (alone / "shop.toml").read_text().replace('proxies = ["127.0.0.1"]', "")
    (alone / "shop.toml").write_text(
        text.replace(f"port = {ports.behind}", f"port = {ports.alone}")
    )
    serve = [sys.executable, "-m", "curate", "serve", "--workspace"]
    nginx = [program, "-p", str(home), "-c", str(home / "nginx.conf"), "-e", str(home / "e.log")]
    with (
        running([*serve, str(of.workspace.root)], ports.behind, home / "behind.log") as behind,
        running([*serve, str(alone)], ports.alone, home / "alone.log") as one,
        running(nginx, ports.front, home / "nginx.log") as before,
    ):
        yield before, behind, one


def _own(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name.startswith("shop.db") or name == "shop.toml"}


def take(
    port: int, paths: Sequence[str], until: float, said: multiprocessing.Queue[tuple[int, int, int]]
) -> None:
    """Download ``paths`` at once until the time is over; tells bytes, whole ones, refused ones."""
    chosen = selectors.DefaultSelector()
    left: dict[socket.socket, int] = {}
    for number, path in paths:
        # Each from an address of its own: nginx lets no single one ask so often.
        place = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
        one = socket.create_connection(("127.0.0.1", port), source_address=place)
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        chosen.register(one, selectors.EVENT_READ)
        left[one] = -1
    buffer = bytearray(MIB)
    got = whole = refused = 0
    while left and time.time() < until:
        for key, _ in chosen.select(0.5):
            one = key.fileobj
            assert isinstance(one, socket.socket)
            if left[one] < 0:
                head = one.recv(4096, socket.MSG_PEEK)
                end = head.find(b"\r\n\r\n") + 4
                one.recv(end)
                fields = dict(
                    line.lower().partition(b": ")[::2]
                    for line in head[:end].split(b"\r\n")[1:]
                    if line
                )
                left[one] = int(fields.get(b"content-length", b"0"))
                refused += b" 200 " not in head[:20]
                continue
            count = one.recv_into(buffer, MIB, _DISCARD)
            got += count
            left[one] -= count
            if not count or not left[one]:
                whole += not left[one]
                chosen.unregister(one)
                one.close()
                del left[one]
    said.put((got, whole, refused))


class Watch:
    """CPU and memory of processes and their children while the block runs."""

    def __init__(self, pids: Sequence[int]) -> None:
        found = [psutil.Process(pid) for pid in pids]
        self._all = [*found, *(child for one in found for child in one.children())]
        self._over = threading.Event()
        self.peak = 0.0

    def spent(self) -> float:
        return sum(sum(one.cpu_times()[:2]) for one in self._all)

    def __enter__(self) -> Watch:
        self._before, self._begun = self.spent(), time.monotonic()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.wall = time.monotonic() - self._begun
        self.cpu = self.spent() - self._before

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.peak = max(self.peak, sum(one.memory_info().rss for one in self._all) / MIB)


def download(
    name: str, pids: Sequence[int], port: int, paths: Sequence[str], seconds: float
) -> Ran:
    said: multiprocessing.Queue[tuple[int, int, int]] = multiprocessing.Queue()
    until = time.time() + seconds
    with Watch(pids) as watch:
        clients = [
            multiprocessing.Process(
                target=take, args=(port, [*enumerate(paths)][n::CLIENTS], until, said)
            )
            for n in range(CLIENTS)
        ]
        for one in clients:
            one.start()
        got, whole, refused = map(sum, zip(*(said.get() for _ in clients), strict=True))
        for one in clients:
            one.join()
    ran = Ran(name, got / 1e6 / watch.wall, whole, refused, watch.cpu / watch.wall, watch.peak)
    report.log(f"{name}: {ran}")
    return ran


def guess(port: int, pid: int, source: str, pace: int = 0) -> tuple[float, float, int]:
    """Wall seconds of 10,000 wrong codes by four clients, CPU seconds of the server, answers that were not 429.

    ``source``: the address they come from. ``pace``: guesses a second; 0 for as many as can be."""
    let, place = [0] * 4, (source, 0)

    def attack(number: int) -> None:
        one = socket.create_connection(("127.0.0.1", port), source_address=place)
        for count in range(GUESSES // 4):
            raw = hashlib.sha256(b"%d %d" % (number, count)).digest()
            if pace and (early := begun + 4 * count / pace - time.monotonic()) > 0:
                time.sleep(early)
            body = b"code=" + base64.b32encode(raw)[:26]
            try:
                one.sendall(_HEAD % len(body) + body)
                answer = one.recv(65536)
            except OSError:
                answer = b""
            let[number] += answer[9:12] not in (b"429", b"")
            if not answer or b"connection: close" in answer[:600].lower():
                one.close()
                one = socket.create_connection(("127.0.0.1", port), source_address=place)
            else:
                _drain(one, answer)
        one.close()

    one = socket.create_connection(("127.0.0.1", port), source_address=("127.0.9.9", 0))
    one.sendall(_HEAD % 6 + b"code=x")  # what a first request imports is no cost of the attack
    one.recv(65536)
    one.close()
    begun = time.monotonic()
    with Watch([pid]) as watch:
        threads = [threading.Thread(target=attack, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return watch.wall, watch.cpu, sum(let)


def _drain(one: socket.socket, answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.lower().partition(b": ")[::2] for line in head.split(b"\r\n")[1:])
    left = int(fields.get(b"content-length", b"0")) - len(body)
    while left > 0 and (data := one.recv(left)):
        left -= len(data)


def told(
    ran: Sequence[Ran],
    guessed: Sequence[tuple[str, tuple[float, float, int]]],
    load: tuple[float, float],
    count: int,
    mb: int,
    seconds: float,
) -> Iterator[str]:
    own = next(one for one in ran if one.name == "nginx alone")
    yield (
        f"{report.machine()} Load average of the last minute {load[0]:.2f} before the run, {load[1]:.2f} "
        f"after it. {count} buyers, {mb} MB, {seconds:.0f} s for each way."
    )
    yield ""
    rows = [
        (one.name, f"{one.rate:,.0f}", f"{one.rate / own.rate:.2f} ×", one.whole, one.refused,
         f"{one.cpu:.2f}", f"{one.memory:,.0f}")
        for one in ran
    ]  # fmt: skip
    head = (
        "way",
        "MB/s",
        "of nginx alone",
        "whole in time",
        "refused",
        "CPU s a second",
        "peak MiB",
    )
    yield from report.table(head, rows)
    yield ""
    cells = [
        (name, f"{wall:.1f}", f"{cpu * 1000:.0f}", f"{cpu / wall:.2%}", let)
        for name, (wall, cpu, let) in guessed
    ]
    head = (f"{GUESSES:,} wrong codes", "wall s", "CPU ms of the server", "CPU / wall", "looked up")
    yield from report.table(head, cells)
    yield ""
    accel = next(one for one in ran if "X-Accel" in one.name)
    cost = guessed[0][1][1] / guessed[0][1][0]
    yield from report.table(
        ("bar", "figure", ""),
        [
            (f"through X-Accel: ≥ {BAR} × nginx alone", f"{accel.rate / own.rate:.2f} ×", _met(accel.rate >= BAR * own.rate)),
            (f"{GUESSES:,} guesses through nginx, {PACE:,} a second: under 1 % CPU", f"{cost:.2%}", _met(cost < 0.01)),
        ],
    )  # fmt: skip


def _met(yes: bool) -> str:
    return "yes" if yes else "**no**"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buyers", type=int, default=200)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--dry", action="store_true", help="print, and leave README.md as it is")
    asked = parser.parse_args()
    ports = Ports(free_port(), free_port(), free_port(), free_port())
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        of = shop(Path(folder), ports, asked.mb)
        report.log("the bundle is made")
        behind_paths, alone_paths = buyers(of, asked.buyers), buyers(of, asked.buyers)
        archive = next((of.workspace.build / "big").glob("1.0.0/*.zip"))
        archive.read_bytes()  # in memory for all three
        plain = [f"/big/1.0.0/{archive.name}"] * asked.buyers
        with servers(of, ports, Path(folder) / "home") as (nginx, behind, alone):
            ways: list[tuple[str, Sequence[int], int, Sequence[str]]] = [
                ("ours behind nginx, by X-Accel", (nginx, behind), ports.front, behind_paths),
                ("nginx alone", (nginx,), ports.plain, plain),
                ("ours alone", (alone,), ports.alone, alone_paths),
            ]
            ran = [
                download(name, pids, port, paths, asked.seconds) for name, pids, port, paths in ways
            ]
            guessed = [
                (
                    f"through nginx, {PACE:,} a second",
                    guess(ports.front, behind, "127.0.8.1", PACE),
                ),
                ("through nginx, as fast as can be", guess(ports.front, behind, "127.0.8.2")),
                ("without nginx, as fast as can be", guess(ports.alone, alone, "127.0.8.3")),
            ]
    lines = [
        *told(ran, guessed, (before, os.getloadavg()[0]), asked.buyers, asked.mb, asked.seconds)
    ]
    put: Callable[[], object] = (
        (lambda: print("\n".join(lines))) if asked.dry else (lambda: report.write("serve", lines))
    )
    put()


if __name__ == "__main__":
    main()
