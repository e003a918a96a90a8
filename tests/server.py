"""A real web server on this machine for tests: a folder, and answers that are told beforehand.

with Server(tmp_path) as server:
    server.say("/busy", Answer(429, headers={"Retry-After": "1"}), Answer(500))
    ...                                # the third request of /busy gets the folder's answer
    assert server.count("/busy", 429) == 1
"""

from __future__ import annotations

import gzip
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".gz": "application/gzip",
}


@dataclass(frozen=True)
class Answer:
    """One answer. Its Content-Length is right unless ``length`` says otherwise."""

    status: int = 200
    body: bytes = b""
    type: str = "text/plain"  # "" = no Content-Type
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None  # close the connection after so many bytes of the body
    pause: float = 0.0  # seconds before each byte of the body
    chunked: bool = False
    repeat: int = 1  # the body so many times over
    close: bool = False  # close the connection instead of answering

    def pieces(self) -> Iterator[bytes]:
        if self.pause:
            yield from (self.body[n : n + 1] for n in range(len(self.body)))
        elif self.cut is not None:
            yield self.body[: self.cut]
        else:
            yield from (self.body for _ in range(self.repeat))


def page(body: str, head: str = "", **options: object) -> Answer:
    """An HTML page."""
    text = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return Answer(body=text.encode(), type="text/html; charset=utf-8", **options)  # type: ignore[arg-type]


def redirect(to: str, status: int = 302) -> Answer:
    return Answer(status, headers={"Location": to})


def zipped(answer: Answer) -> Answer:
    """The same, compressed on its way."""
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return Answer(answer.status, gzip.compress(answer.body), answer.type, headers, answer.cut)


@dataclass(frozen=True)
class Request:
    path: str  # with its query
    headers: Mapping[str, str]


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is what many tests are about."""


class Server:
    """Serves ``folder`` with ETag and Last-Modified; counts what is asked and answered."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.requests: list[Request] = []
        self.answers: Counter[tuple[str, int]] = Counter()
        self._told: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._always: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def say(self, path: str, *answers: Answer) -> None:
        """Give these answers to the next requests of ``path``, one each."""
        self._told[path].extend(answers)

    def always(self, path: str, answer: Answer) -> None:
        self._always[path] = answer

    def count(self, path: str | None = None, status: int | None = None) -> int:
        """Answers given, of one path or one status or all."""
        return sum(
            number
            for (one, code), number in self.answers.items()
            if path in (None, one) and status in (None, code)
        )

    def forget(self) -> None:
        """Count from zero."""
        self.requests.clear()
        self.answers.clear()

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def __enter__(self) -> Server:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            told = self._told[request.path]
            if told:
                return told.popleft()
        return self._always.get(request.path) or self._file(request)

    def _file(self, request: Request) -> Answer:
        name = unquote(urlsplit(request.path).path)
        if self.folder is None or ".." in name.split("/"):
            return Answer(404)
        path = self.folder / name.lstrip("/")
        if path.is_dir():
            if not name.endswith("/"):
                return redirect(f"{name}/", 301)
            path /= "index.html"
        if not path.is_file():
            return Answer(404)
        status = path.stat()
        etag = f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
        marks = {"ETag": etag, "Last-Modified": formatdate(status.st_mtime, usegmt=True)}
        asked = request.headers.get("If-None-Match")
        since = request.headers.get("If-Modified-Since")
        if asked == etag or (asked is None and since == marks["Last-Modified"]):
            return Answer(304, type="", headers=marks)
        return Answer(
            body=path.read_bytes(), type=TYPES.get(path.suffix.lower(), ""), headers=marks
        )

    def _counted(self, path: str, status: int) -> None:
        with self._lock:
            self.answers[path, status] += 1

    def _rest(self, seconds: float) -> bool:
        """Wait; True when the server stops meanwhile."""
        return self._stopping.wait(seconds)


def _ranged(request: Request, answer: Answer) -> Answer:
    """Part of the answer, where a range of this version is asked for."""
    wanted = request.headers.get("Range", "")
    if answer.status != 200 or request.headers.get("If-Range") != answer.headers.get("ETag"):
        return answer
    if not wanted.startswith("bytes=") or not wanted.endswith("-"):
        return answer
    start, size = int(wanted[6:-1]), len(answer.body)
    headers = {**answer.headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"}
    return Answer(206, answer.body[start:], answer.type, headers, answer.cut)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.title(): value for name, value in self.headers.items()}
            request = Request(self.path, headers)
            answer = _ranged(request, server._answer(request))
            server._counted(self.path, answer.status)
            try:
                self._send(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _send(self, answer: Answer) -> None:
            if answer.close:
                self.close_connection = True
                return
            self.send_response(answer.status)
            if answer.type:
                self.send_header("Content-Type", answer.type)
            for name, value in answer.headers.items():
                self.send_header(name, value.encode().decode("latin-1"))
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body) * answer.repeat))
            self.end_headers()
            self._write(answer, answer.pieces())

        def _write(self, answer: Answer, pieces: Iterable[bytes]) -> None:
            for piece in pieces:
                if answer.pause and server._rest(answer.pause):
                    break
                if answer.chunked:
                    piece = b"%x\r\n%s\r\n" % (len(piece), piece)
                self.wfile.write(piece)
                self.wfile.flush()
            if answer.cut is not None:
                self.close_connection = True
            elif answer.chunked:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
