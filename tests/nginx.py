"""A real nginx on a port of this machine, with a configuration of ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MAIN = """
daemon off;
worker_processes 1;
{user}
pid {home}/nginx.pid;
error_log {home}/main.error.log error;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    access_log {home}/main.access.log;
    include {home}/site.conf;
}}
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def nginx(home: Path, site: str, port: int) -> Iterator[int]:
    """nginx with ``site`` inside its http block; gives its process id. Skips where nginx is not here."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not here: install nginx-light")
    home.mkdir(exist_ok=True)
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(MAIN.format(home=home, user=user), encoding="utf-8")
    (home / "site.conf").write_text(site, encoding="utf-8")
    process = subprocess.Popen(
        [
            program,
            "-p",
            str(home),
            "-c",
            str(home / "nginx.conf"),
            "-e",
            str(home / "main.error.log"),
        ]
    )
    try:
        listening(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until something answers there."""
    for _ in range(1500):
        assert process.poll() is None, "it ended at once"
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")
