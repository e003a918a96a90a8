"""SFTP: a folder of a machine that one may log in to by SSH."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import CurateError
from curate.fetch.drives.address import Address
from curate.fetch.drives.drive import ENTRIES, Away, Entry, Listing, Shut
from curate.fetch.drives.reading import Broken, Reading
from curate.fetch.guard import Forbidden, Guard
from curate.fetch.patience import Patience
from curate.messages import msg

if TYPE_CHECKING:
    import paramiko

_WINDOW = 1 << 20
"""Bytes asked for at a time."""
_PIECE = 1 << 15
"""Bytes of one answer (draft-ietf-secsh-filexfer-02, 6.4)."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in, and how the server is known."""

    user: str
    password: str = field(default="", repr=False)  # or of the key
    key: str = ""  # file
    host_key: str = ""  # "SHA256:…"; "": the user's known_hosts


class Sftp:
    """A folder reached over one connection, which is made anew where it is lost."""

    def __init__(self, address: Address, login: Login, guard: Guard, patience: Patience) -> None:
        self._address = address
        self._login = login
        self._guard = guard
        self._patience = patience
        self._client: paramiko.SSHClient | None = None
        self._sftp: paramiko.SFTPClient | None = None
        self._root = ""

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._sftp = None

    def check(self) -> None:
        self._asked("", lambda sftp: sftp.stat(self._root))

    def listing(self, path: str) -> Listing:
        def ask(sftp: paramiko.SFTPClient) -> Listing:
            with self._patience.pace.held(self._address.home):
                return self._listed(sftp, path)

        found: Listing = self._asked(path, ask)
        return found

    def _listed(self, sftp: paramiko.SFTPClient, path: str) -> Listing:
        entries = []
        for name, status in _names(sftp, self._path(path)):
            entries.append(self._entry(sftp, path, name, status))
            if len(entries) > ENTRIES:
                why = msg("it holds more than {limit} entries; divide it", limit=ENTRIES)
                return Listing(tuple(entries), why)
        return Listing(tuple(entries))

    def _entry(self, sftp: paramiko.SFTPClient, path: str, name: str, status: Any) -> Entry:
        where = self._path(f"{path}/{name}" if path else name)
        mode = status.st_mode or 0
        if stat.S_ISLNK(mode):
            # What a link leads to inside of the folder is met there too.
            try:
                real = sftp.normalize(where)
                if not f"{real}/".startswith(f"{self._root.rstrip('/')}/"):
                    return Entry(name, fault=msg("it is a link that leads out of the folder"))
                status = sftp.stat(where)
            except (OSError, UnicodeError) as fault:
                if isinstance(fault, OSError) and self._is_lost(fault):
                    raise
                return Entry(name, fault=msg("it is not there, or a link that leads nowhere"))
            mode = status.st_mode or 0
            if stat.S_ISDIR(mode):
                return Entry(name, fault=msg("it is a link to a folder, which is not followed"))
        if stat.S_ISDIR(mode):
            return Entry(name, folder=True)
        if mode and not stat.S_ISREG(mode):
            return Entry(name, fault=msg("it is a device or pipe, not a file"))
        size = -1 if status.st_size is None else status.st_size
        return Entry(name, False, size, _time(status.st_mtime), str(status.st_mtime or ""))

    def open(self, path: str, entry: Entry) -> Reading:
        name = f"{self._address.url}/{path}"

        def part(start: int) -> _Part:
            found: _Part = self._asked(
                path, lambda sftp: _Part(self, sftp, name, self._path(path), start)
            )
            return found

        return Reading(name, part, entry.size, self._patience)

    def _path(self, path: str) -> bytes:
        whole = f"{self._root.rstrip('/')}/{path}" if path else self._root
        return whole.encode("utf-8", "surrogateescape")

    def _asked(self, path: str, ask: Callable[[paramiko.SFTPClient], Any]) -> Any:
        retries = self._patience.settings.retries
        for attempt in range(retries + 1):
            try:
                with self.faults(f"{self._address.url}/{path}".rstrip("/")):
                    return ask(self._sftp or self._connected())
            except Broken as fault:
                self.close()
                if attempt == retries:
                    raise Away(
                        f"{self._address.home} {fault}",
                        "check the address and the connection; run again",
                    ) from fault
                self._patience.wait(attempt)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def faults(self, name: str) -> Iterator[None]:
        """Makes of all that paramiko raises a Broken, or a Shut where it is about ``name`` alone."""
        try:
            yield
        except (Broken, CurateError):
            raise
        except Exception as fault:
            if self._is_lost(fault):
                gone = self._client is not None
                raise Broken("has ended the connection" if gone else "cannot be reached") from fault
            why = "the server refuses"
            if isinstance(fault, FileNotFoundError):
                why = "it is not there"
            elif isinstance(fault, PermissionError):
                why = "no permission"
            raise Shut(
                f"{name} cannot be read: {why}", "check the path and its permissions"
            ) from fault

    def _is_lost(self, fault: Exception) -> bool:
        """What a server answers about one path is an OSError on a connection that lives."""
        if not isinstance(fault, OSError) or isinstance(fault, (TimeoutError, ConnectionError)):
            return True
        transport = self._client.get_transport() if self._client else None
        return transport is None or not transport.is_active()

    def _connected(self) -> paramiko.SFTPClient:
        import paramiko

        logger = logging.getLogger("paramiko")
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())  # it prints its tracebacks
        timeout, login = self._patience.settings.timeout, self._login
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_HostKey(self._address.home, login.host_key))
        if not login.host_key:
            client.load_system_host_keys()
            with suppress(OSError):
                client.load_system_host_keys("/etc/ssh/ssh_known_hosts")
        key = _key(login) if login.key else None
        sock = self._dialled(timeout)
        try:
            client.connect(
                self._address.host, self._address.port, login.user or None,
                None if key else login.password or None, pkey=key, sock=sock, timeout=timeout,
                banner_timeout=timeout, auth_timeout=timeout, look_for_keys=False,
                allow_agent=not (key or login.password),
            )  # fmt: skip
            sftp = client.open_sftp()
        except BaseException as fault:
            client.close()
            sock.close()
            if isinstance(fault, Away) or not isinstance(fault, Exception):
                raise
            raise self._unlet(fault) from fault
        channel = sftp.get_channel()
        assert channel is not None
        channel.settimeout(timeout)
        self._client, self._sftp = client, sftp
        if not self._root:
            path = self._address.path
            home = path == "~" or path.startswith("~/")
            self._root = sftp.normalize(f".{path[1:]}" if home else f"/{path}")
        return sftp

    def _dialled(self, timeout: float) -> Any:
        try:
            return self._guard.dial(self._address.host, self._address.port, timeout, None)
        except Forbidden as fault:
            said = fault.said(self._address.home)
            raise Away(said.message, said.hint) from fault
        except (OSError, UnicodeError) as fault:
            raise Broken("cannot be reached") from fault

    def _unlet(self, fault: Exception) -> Exception:
        import paramiko

        if isinstance(fault, paramiko.BadHostKeyException):
            return Away(
                f"{self._address.home} shows another key than it had: {fault.key.fingerprint}",
                "somebody may be in between: ask its owner; if the key was changed, remove the old one"
                " with ssh-keygen -R",
            )
        text = str(fault)
        if (
            isinstance(fault, paramiko.AuthenticationException)
            or "No authentication methods" in text
        ):
            return Away(
                f"{self._address.home} does not let you in",
                "check `account` (user and password), `user` and `key`, or what ssh-agent holds",
            )
        return Broken("has ended the connection")


class _HostKey:
    """Decides about a server that known_hosts does not name: only a key that the user wrote down."""

    def __init__(self, home: str, expected: str) -> None:
        self._home = home
        self._expected = expected

    def missing_host_key(self, client: object, hostname: str, key: Any) -> None:
        found = key.fingerprint
        if self._expected and found.rstrip("=") == self._expected.rstrip("="):
            return
        if self._expected:
            raise Away(
                f"{self._home} shows the key {key.get_name()} {found}, not the one in `host_key`",
                "ask its owner which is right; do not go on before you know",
            )
        raise Away(
            f"{self._home} is not in known_hosts; it shows the key {key.get_name()} {found}",
            "compare it with what its owner says (ssh-keygen -lf on the server), then write"
            f' host_key = "{found}" in the source',
        )


def _key(login: Login) -> Any:
    import paramiko

    path = Path(login.key).expanduser()
    try:
        return paramiko.PKey.from_path(path, login.password.encode() or None)
    except Exception as fault:
        raise Away(
            f"the key {path} cannot be used",
            "check the path; where it has a passphrase, give that as the password of `account`",
        ) from fault


class _Part:
    """An open file, read by windows of many requests at once: one at a time waits for each answer.

    What paramiko offers for that starts a thread whose faults nobody can catch.
    """

    def __init__(self, drive: Sftp, sftp: Any, name: str, path: bytes, start: int) -> None:
        self._drive = drive
        self._name = name
        self._sftp = sftp
        self._file = sftp.open(path, "rb")
        self._status = self._file.stat()
        self.start = self._at = start
        self.size = -1 if self._status.st_size is None else self._status.st_size
        self.mark = str(self._status.st_mtime or "")
        self._window = memoryview(b"")
        self._awaited: dict[int, int] = {}  # number of a request → where in the file
        self._came: dict[int, bytes] = {}  # where → what stands there

    def read(self, most: int) -> bytes:
        if not self._window:
            with self._drive.faults(self._name):
                self._window = memoryview(self._next())
            self._at += len(self._window)
        data, self._window = self._window[:most], self._window[most:]
        return bytes(data)

    def _next(self) -> bytes:
        from paramiko.sftp import CMD_READ, int64

        end = self._at + _WINDOW
        end = min(end, self.size) if self.size >= 0 else end
        handle = self._file.handle
        for at in range(self._at, end, _PIECE):
            asked = (handle, int64(at), min(_PIECE, end - at))
            self._awaited[self._sftp._async_request(self, CMD_READ, *asked)] = at
        while self._awaited:
            self._sftp._read_response()
        came, self._came = self._came, {}
        data = bytearray()
        while piece := came.get(self._at + len(data), b""):
            data += piece
            if len(piece) < _PIECE:
                break  # the end, or a server that gives less at a time: what follows is asked anew
        return bytes(data)

    def _async_response(self, kind: int, answer: Any, number: int) -> None:
        """Called by paramiko for each answer, in any order."""
        from paramiko.sftp import CMD_DATA, CMD_STATUS

        at = self._awaited.pop(number)
        if kind == CMD_DATA:
            self._came[at] = answer.get_string()
        elif kind == CMD_STATUS:
            with suppress(EOFError):
                self._sftp._convert_status(answer)

    def steady(self) -> bool:
        with self._drive.faults(self._name):
            now = self._file.stat()
        return (now.st_size, now.st_mtime) == (self._status.st_size, self._status.st_mtime)

    def close(self) -> None:
        with suppress(Exception):
            self._file.close()


def _names(sftp: Any, path: bytes) -> Iterator[tuple[str, Any]]:
    """What ``SFTPClient.listdir_iter`` does, for names in any encoding: that gives up at the first
    which is not UTF-8."""
    from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR
    from paramiko.sftp_attr import SFTPAttributes

    kind, answer = sftp._request(CMD_OPENDIR, path)
    if kind != CMD_HANDLE:
        raise EOFError
    handle = answer.get_binary()
    try:
        while True:
            try:
                kind, answer = sftp._request(CMD_READDIR, handle)
            except EOFError:
                return
            if kind != CMD_NAME:
                raise EOFError
            for _ in range(answer.get_int()):
                name = answer.get_string().decode("utf-8", "surrogateescape")
                answer.get_string()
                status = SFTPAttributes._from_msg(answer, name, "")
                if name not in (".", ".."):
                    yield name, status
    finally:
        with suppress(Exception):
            sftp._request(CMD_CLOSE, handle)


def _time(seconds: float | None) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""
    except (OverflowError, ValueError, OSError):
        return ""
