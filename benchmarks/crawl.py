"""Collecting a whole site beside other crawlers: ``python benchmarks/crawl.py [--pages N] [--keep DIR]``.

Makes a tree of N pages of about 20 KB, half English and half Chinese, index pages and some 20 links
on each, serves it with nginx on this machine, and fetches all of it with wget, wget2, Scrapy and
``curate collect``, each a process of its own, one after the other. Prints Markdown. Needs nginx, wget
and wget2; Scrapy from the development tools.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import measure
from make_corpus import Words
from measure import Cost

PER_INDEX = 100
LINKS = 20
PARAGRAPHS = 600  # of each language, that pages are made of
NGINX = """worker_processes 1;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 512; }}
http {{
  types {{ text/html html; text/plain txt; }}
  charset utf-8;
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  client_body_temp_path {root}/t; proxy_temp_path {root}/t; fastcgi_temp_path {root}/t;
  uwsgi_temp_path {root}/t; scgi_temp_path {root}/t;
  server {{ listen 127.0.0.1:{port}; root {tree}; index index.html; }}
}}
"""
SPIDER = """
import hashlib, pathlib, scrapy
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule

class Pages(CrawlSpider):
    name = "pages"
    start_urls = ["{url}/"]
    allowed_domains = ["127.0.0.1"]
    rules = [Rule(LinkExtractor(), callback="keep", follow=True)]
    custom_settings = dict(ROBOTSTXT_OBEY=True, DOWNLOAD_DELAY=0, CONCURRENT_REQUESTS=16,
        CONCURRENT_REQUESTS_PER_DOMAIN=16, LOG_LEVEL="ERROR", TELNETCONSOLE_ENABLED=False)
    folder = pathlib.Path("pages")
    folder.mkdir()

    def parse_start_url(self, response):
        self.keep(response)

    def keep(self, response):
        name = hashlib.sha256(response.url.encode()).hexdigest()
        self.folder.joinpath(name + ".html").write_bytes(response.body)
"""
COLLECTION = """title = "Crawl"
[[sources]]
type = "site"
start = ["{url}/"]
match = "all"
max_pages = 20000
"""
SETTINGS = '[fetch]\ndelay = 0\nper_host = 4\nprivate = ["127.0.0.1"]\n'


def make(count: int, folder: Path) -> int:
    """``count`` pages below ``folder``; how many bytes they have. The same count, the same bytes."""
    chance = random.Random("crawl")
    indexes = max(1, (count - 1) // PER_INDEX)
    names = [
        f"{chance.choice(('guide', 'notes', 'zh'))}/{at % indexes:03d}/{at:05d}.html"
        for at in range(count - 1 - indexes)
    ]
    pools = [_paragraphs(Words(language)) for language in ("en", "zh")]
    total = _write(folder / "index.html", "Index", [f"index/{n:03d}.html" for n in range(indexes)])
    for number in range(indexes):
        listed = [f"../{name}" for name in names[number::indexes]]
        total += _write(folder / f"index/{number:03d}.html", f"Part {number}", listed)
    for at, name in enumerate(names):
        pool = pools[at % 2]
        links = [f"/{one}" for one in chance.choices(names, k=LINKS - 3)]
        links += ["/", f"/index/{at % indexes:03d}.html", "../../index.html#top"]
        text = chance.choices(pool, k=26)
        total += _write(folder / name, f"{text[0][:40]} {at}", links, text)
    return total


def _paragraphs(words: Words) -> list[str]:
    chance = random.Random(f"paragraphs {words.language}")
    space, end = ("", "。") if words.language == "zh" else (" ", ". ")
    made = []
    for _ in range(PARAGRAPHS):
        sentences = (
            space.join(words.draw(chance, chance.randint(7, 22)))
            for _ in range(chance.randint(4, 9))
        )
        made.append("".join(one.capitalize() + end for one in sentences).strip())
    return made


def _write(path: Path, title: str, links: list[str], text: list[str] | None = None) -> int:
    listed = [f'<li class="item"><a href="{link}">{link[-10:-5]} of it</a></li>' for link in links]
    body = [f"<p>{one}</p>" for one in text or ()]
    for at in range(len(body) - 1, 0, -2):  # half of the links lie in the text, half in a list
        if len(listed) > 6 and text:
            body[at] = body[at].replace("</p>", f" {listed.pop()[17:-5]}</p>")
    lines = [
        "<!doctype html>", f'<html><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width">',
        f'<meta name="description" content="{title}, one of many pages.">',
        '<script>var page = {"a": 1};</script></head><body class="page">',
        '<div id="nav"><ul>', *listed, "</ul></div>", f"<main><h1>{title}</h1>", *body,
        '</main><footer><p>© 2024 Somebody. Licensed under <a rel="license" '
        'href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>.</p></footer></body></html>',
    ]  # fmt: skip
    data = "\n".join(lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return len(data)


@contextmanager
def served(tree: Path, root: Path) -> Iterator[str]:
    """The address that nginx serves ``tree`` at."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = root / "nginx.conf"
    config.write_text(NGINX.format(root=root, tree=tree, port=port))
    for above in (root, *root.parents):  # its worker is another user
        if above.owner() == Path.home().owner() and above != above.parent:
            above.chmod(above.stat().st_mode | 0o055)
        if above.parent == Path(tempfile.gettempdir()):
            break
    # As a daemon, before anything is measured: a measurement waits for all of our children to end.
    subprocess.run([program, "-c", str(config), "-p", str(root)], check=True)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.kill(int((root / "nginx.pid").read_text()), signal.SIGTERM)


def crawlers(url: str, root: Path) -> Iterator[tuple[str, list[str], Path]]:
    """Name, command and the folder it runs in, made."""
    for name in ("wget", "wget2"):
        folder = root / name
        folder.mkdir()
        command = [name, "-r", "-l", "inf", "-nv", "--no-parent", "-o", "log", f"{url}/"]
        yield f"{name} -r", command, folder
    folder = root / "scrapy"
    folder.mkdir()
    (folder / "spider.py").write_text(SPIDER.format(url=url))
    yield "Scrapy", [sys.executable, "-m", "scrapy", "runspider", "spider.py"], folder
    folder = root / "curate"
    measure.run([sys.executable, "-m", "curate", "init", str(folder)], root)
    (folder / "curate.toml").write_text(SETTINGS)
    home = folder / "collections" / "crawl"
    home.mkdir(parents=True)
    (home / "collection.toml").write_text(COLLECTION.format(url=url))
    command = [sys.executable, "-m", "curate", "collect", "crawl"]
    yield "curate collect", command, folder
    yield "curate collect, nothing changed", command, folder


def kept(folder: Path) -> int:
    objects = folder / ".curate" / "objects"
    if objects.exists():
        return sum(1 for _ in objects.glob("??/*"))
    return sum(1 for _ in folder.rglob("*.html"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument(
        "--keep", type=Path, default=None, help="keep the tree here, and use it again"
    )
    parser.add_argument("--only", default="", help="a part of the names of the crawlers to run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        tree = (options.keep or root).resolve() / f"tree-{options.pages}"
        if not tree.exists():
            make(options.pages, tree)
        size = sum(path.stat().st_size for path in tree.rglob("*.html"))
        rows: list[tuple[str, Cost, int]] = []
        with served(tree, root) as url:
            for name, command, folder in crawlers(url, root):
                if options.only in name and (options.only or shutil.which(command[0])):
                    cost = measure.run(command, folder)
                    rows.append((name, cost, kept(folder)))
                    print(name, f"{cost.wall:.1f}", cost.code, file=sys.stderr, flush=True)
                    if cost.code not in (0, 3, 8):
                        print(cost.output[-2000:], file=sys.stderr)
        report(options.pages, size, rows)


def report(pages: int, size: int, rows: list[tuple[str, Cost, int]]) -> None:
    ours = next((cost for name, cost, _ in rows if name == "curate collect"), None)
    print(f"{pages:,} pages, {size / 2**20:.0f} MiB; {os.cpu_count()} cores\n")
    print("| | pages kept | wall s | CPU s | pages/s | pages/s, against curate | peak MiB, tree |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, cost, count in rows:
        ratio = f"{ours.wall / cost.wall:.2f} ×" if ours else ""
        print(
            f"| {name} | {count:,} | {cost.wall:.1f} | {cost.cpu:.1f} | {pages / cost.wall:,.0f} |"
            f" {ratio} | {cost.tree_mb:.0f} |"
        )


if __name__ == "__main__":
    main()
