"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, a new database for each asking.

with postgres(tmp_path) as server:
    url = server.database()            # postgresql://…, empty
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PLACES = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin"))
_OTHERS = ("postgres", "nobody")
"""Who runs it where the tests are run by root, as whom PostgreSQL refuses to start."""


class Postgres:
    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count(1)

    def database(self) -> str:
        """The address of a new, empty database."""
        import psycopg

        name = f"shop{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://curate@127.0.0.1:{self._port}/{name}"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; None where PostgreSQL is not installed."""
    found = next((place for place in _PLACES if (place / "initdb").exists()), None)
    on_path = shutil.which("initdb")
    return found or (Path(on_path).parent if on_path else None)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running server, stopped and removed at the end; skips the test where none is installed."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed here (Debian: postgresql)")
    pytest.importorskip("psycopg")
    # Not below the test's own folder: that is closed to the other user, and too deep for a socket's path.
    home = Path(tempfile.mkdtemp(prefix="curate-pg-"))
    data, port = home / "data", _free()
    user = _other()
    if user:
        os.chown(home, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [found / program, *arguments], cwd=home, capture_output=True, encoding="utf-8",
            user=user.pw_uid if user else None, group=user.pw_gid if user else None,
            extra_groups=[] if user else None, timeout=60,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(home)},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c max_connections=200"
    try:
        run("initdb", "-D", str(data), "-U", "curate", "-A", "trust", "-E", "UTF8", "--no-sync")
        run("pg_ctl", "-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            yield Postgres(port)
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _other() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in _OTHERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no other user here")
