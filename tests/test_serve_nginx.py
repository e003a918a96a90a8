"""Behind a real nginx, by the configuration that is shipped; and nginx as a referee of links."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.shop import Shop
from curate.shop.access import grants, links
from curate.shop.access.grants import Grant
from curate.web import nginx as front
from tests.nginx import free_port, listening, nginx
from tests.serving import Browser
from tests.storefront import paid, storefront
from tests.test_serve import ALTERED, FILE


class Stand(NamedTuple):
    """A shop, `curate serve` as a process, and nginx before it."""

    shop: Shop
    browser: Browser  # through nginx
    direct: Browser
    home: Path  # with all logs
    pid: int


@contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    port, behind = free_port(), free_port()
    made = storefront(
        folder,
        f"http://127.0.0.1:{port}",
        f'port = {behind}\naccel = "/-/build"\nproxies = ["127.0.0.1"]',
    )
    shop = Shop.open(made.workspace)
    told = CliRunner().invoke(main, ["serve", "--nginx", "--workspace", str(shop.workspace.root)])
    assert told.exit_code == 0, told.output
    home = folder / "nginx"
    home.mkdir()
    assert f'alias "{shop.workspace.build}/"' in told.output
    site = told.output.replace("/var/log/nginx", str(home))
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "curate", "serve", "--workspace", str(shop.workspace.root)],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        listening(behind, process)
        with nginx(home, site, port):
            yield Stand(
                shop, Browser(f"http://127.0.0.1:{port}"), Browser(f"http://127.0.0.1:{behind}"),
                home, process.pid,
            )  # fmt: skip
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0, (home / "serve.log").read_text()


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("stand")) as made:
        yield made


def path_of(at: Stand, grant: Grant) -> str:
    return links.make(at.shop, grant, "1.0.0", FILE)


def test_downloads_go_out_by_nginx_and_are_counted_here(at: Stand) -> None:
    (grant,) = paid(at.shop)
    data = (at.shop.workspace.build / "notes" / "1.0.0" / FILE).read_bytes()
    path, ask = path_of(at, grant), at.browser.ask
    etag = f'"{hashlib.sha256(data).hexdigest()}"'
    head = ask(path, "HEAD")
    assert head.status == 200 and head["content-length"] == str(len(data))
    part = ask(path, Range="bytes=10-19")
    assert (part.status, part.body) == (206, data[10:20])
    assert part["content-range"] == f"bytes 10-19/{len(data)}"
    assert ask(path, Range="bytes=20-", If_Range=etag).body == data[20:]
    assert ask(path, Range=f"bytes={len(data)}-").status == 416
    assert ask(path, If_None_Match=etag).status == 304
    whole = ask(path)
    assert (whole.status, whole.body) == (200, data)
    for name, told in {
        "etag": etag,
        "content-type": "application/zip",
        "content-disposition": "attachment; filename=\"notes-1.0.0.zip\"; filename*=UTF-8''notes-1.0.0.zip",
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "private, no-cache, no-transform",
        "x-accel-redirect": "",
    }.items():
        assert whole[name] == told, name
    assert ask(path).status == 403
    assert ask(path, Range="bytes=0-40").status == 403  # the ranges were used up, too


def test_what_nginx_would_send_otherwise_than_it_is_counted_it_does_not(at: Stand) -> None:
    (grant,) = paid(at.shop, "n2", "FROZEN")
    path, ask = path_of(at, grant), at.browser.ask
    size = len((at.shop.workspace.build / "notes" / "1.0.0" / FILE).read_bytes())
    for headers in (
        {"Range": "bytes=0-1,4-5"},
        {"Range": "bytes=0-1", "If_Range": '"x"'},
        {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT", "If_None_Match": '"x"'},
    ):
        got = ask(path, **headers)
        assert (got.status, len(got.body)) == (200, size), headers
    assert ask(path).status == 403


def test_without_a_proxy_of_ours_the_server_sends_the_bytes_itself(
    at: Stand, tmp_path: Path
) -> None:
    shop = storefront(tmp_path, more='accel = "/-/build"')
    from tests.serving import serving

    (grant,) = paid(shop)
    with serving(shop) as browser:
        got = browser.ask(links.make(shop, grant, "1.0.0", FILE))
    assert got.status == 200 and got.body.startswith(b"PK") and not got["x-accel-redirect"]


def test_the_internal_location_is_not_reached_from_outside(at: Stand) -> None:
    for path in (
        f"/-/build/notes/1.0.0/{FILE}", "/-/build/", "/-/build/../shop.toml", "/-/build",
        f"/%2D/build/notes/1.0.0/{FILE}", f"//-/build/notes/1.0.0/{FILE}",
    ):  # fmt: skip
        got = at.browser.ask(path)
        assert got.status == 404, path
        assert not got.body.startswith(b"PK")


def everything_running() -> bytes:
    """The command lines of all processes."""
    found = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes() + b"\n"
        except OSError:
            continue
    return found


def test_after_a_whole_purchase_its_secrets_are_nowhere(at: Stand) -> None:
    (grant,) = paid(at.shop, "s1")
    code = grants.code(at.shop, grant)
    browser = Browser(at.browser.url)
    assert browser.ask("/").status in (200, 404)
    assert browser.enter(at.shop, grant).status == 303
    browser.ask("/order?from=message")
    (cookie,) = browser.cookies.values()
    path = browser.link(grant)["location"]
    assert browser.ask(path, Range="bytes=0-3").status == 206
    assert browser.ask(path).status == 200 and browser.ask(path).status == 403
    forged = path[:-5]
    assert browser.ask(forged).status == 403
    browser.ask("/open", form={"code": code[:-1]})
    running = everything_running()
    time.sleep(0.3)  # logs are written
    logs = b"".join(one.read_bytes() for one in at.home.rglob("*") if one.is_file())
    stored = b"".join(one.read_bytes() for one in at.shop.workspace.root.glob("shop.db*"))
    signature = path.split("/")[3]
    for log, status in {"curate.access.log": 206, "serve.log": 200}.items():
        assert f"GET /d {status}" in (at.home / log).read_text(), log
    for secret in (code, code[:-1], cookie, signature, signature.partition(".")[2]):
        for kind, place in {"logs": logs, "argv": running, "shop.db": stored}.items():
            assert secret.encode() not in place, kind
    assert b"from=message" not in logs


@pytest.mark.slow
def test_ten_thousand_guesses_cost_next_to_nothing(tmp_path: Path) -> None:
    with stand(tmp_path) as at:

        def spent() -> float:
            told = Path(f"/proc/{at.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

        def guess(number: int) -> int:
            form = {"code": base64.b32encode(hashlib.sha256(b"%d" % number).digest()).decode()[:26]}
            return at.browser.ask("/open", form=form).status

        guess(-1)  # what a first request imports is no cost of the attack
        before, begun = spent(), time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(guess, range(10_000)))
        cost = (spent() - before) / (time.monotonic() - begun)
        assert set(found) == {403, 429} and 303 not in found
        assert found.count(403) < 20
        (grant,) = paid(at.shop)
        assert at.browser.enter(at.shop, grant).status == 429
    assert cost < 0.01, f"{cost:.2%}"


REFEREE = """
server {{
    listen 127.0.0.1:{port};
    location ~ ^/d/(?<expires>[0-9]+)/(?<signed>[^/]+)/(?<rest>.+)$ {{
        secure_link $signed,$expires;
        secure_link_md5 "$expires/$rest of the referee";
        if ($secure_link = "") {{ return 403; }}
        if ($secure_link = "0") {{ return 410; }}
        return 200 "fine";
    }}
}}
"""


def referees(expires: str, serial: str, version: str, file: str) -> str:
    """A link that nginx's secure_link signs, of the same form."""
    raw = hashlib.md5(f"{expires}/{serial}/{version}/{file} of the referee".encode()).digest()
    signed = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return f"/d/{expires}/{signed}/{serial}/{version}/{file}"


@pytest.mark.parametrize("what", ["fresh", *ALTERED, "expired", "expired and altered"])
def test_nginx_judges_links_as_we_do(at: Stand, tmp_path: Path, what: str) -> None:
    (grant,) = paid(at.shop, f"j-{what}")
    expired = what.startswith("expired")
    now = at.shop.now() - (1000 if expired else 0)
    ours = links.make(Shop(at.shop.workspace, at.shop.settings, lambda: now), grant, "1.0.0", FILE)
    _, _, expires, _, serial, version, file = ours.split("/")
    theirs = referees(expires, serial, version, file)
    altered = []
    for path in (ours, theirs):
        parts = path.split("/")
        if what in ALTERED:
            ALTERED[what](parts)
        elif what == "expired and altered":
            ALTERED["path"](parts)
        altered.append("/".join(parts))
    port = free_port()
    with nginx(tmp_path / "referee", REFEREE.format(port=port), port):
        judged = Browser(f"http://127.0.0.1:{port}").ask(altered[1]).status
    client = f"192.0.2.{len(what)}"  # what is altered counts as a guess
    assert at.direct.ask(altered[0], X_Forwarded_For=client).status == judged
    assert judged == {"fresh": 200, "expired": 410}.get(what, 403)


def test_https_is_set_up_whole(tmp_path: Path) -> None:
    text = front.configuration(storefront(tmp_path, "https://files.example.org"))
    for line in (
        "listen 443 ssl http2;", "server_name files.example.org;", "Strict-Transport-Security",
        "/etc/letsencrypt/live/files.example.org/fullchain.pem", "return 301 https://",
    ):  # fmt: skip
        assert line in text
    assert "@" not in text
