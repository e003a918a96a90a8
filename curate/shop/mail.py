"""Mail by SMTP: one letter at a time, and what the server said of it.

A letter that is sent again, because nobody can tell whether the server took it, has the same bytes and the
same Message-ID: programs that file mail know it as one.
"""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from types import TracebackType

from curate.errors import CurateError
from curate.exports.text import line
from curate.shop.settings import Mail

PASSWORD = "CURATE_SMTP_PASSWORD"
_SERVICE, _ENTRY = "curate", "smtp:password"
_PATIENCE = 30.0  # seconds for each word of the server
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HINT = "check [mail] in shop.toml"
_LONGEST = 300  # characters of what a server says
# 7 bits: what every server takes, and no server changes on its way.
_POLICY = policy.SMTP.clone(cte_type="7bit")
_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[^\s@<>(),;:\\\"\[\]]{1,255}")


class Refused(CurateError):
    """The server did not take it: ``lasting`` will not either, when it is asked again. ``all``: none of the
    others would be taken now."""

    def __init__(self, message: str, *, lasting: bool = False, all: bool = False) -> None:
        super().__init__(message, _HINT if all else "")
        self.lasting, self.all = lasting, all

    def __reduce__(self) -> tuple[type[Refused], tuple[str]]:  # type: ignore[override]
        return (type(self), (self.message,))


@dataclass(frozen=True, slots=True)
class Letter:
    """``body`` and ``recipient`` are never printed."""

    message_id: str
    recipient: str = field(repr=False)
    subject: str
    body: str = field(repr=False)
    date: int  # seconds since 1970: when it was written, so that it stays the same
    unsubscribe: str = field(
        default="", repr=False
    )  # address that ends such letters, where one does


def message_id(sender: str, token: str) -> str:
    """Of the sender's domain."""
    return f"<{token}@{_domain(parseaddr(sender)[1]) or 'localhost'}>"


def compose(letter: Letter, sender: str) -> bytes:
    """The letter as it goes over the line; the same for the same. Raises Refused for an address that is none."""
    mail = EmailMessage(policy=_POLICY)
    name, own = parseaddr(sender)
    if not _ADDRESS.fullmatch(own):
        raise Refused("the sender in shop.toml is no address: Name <name@example.org>", all=True)
    mail["From"] = Address(line(name), addr_spec=_ascii(own))
    mail["To"] = Address(addr_spec=_ascii(letter.recipient))
    mail["Subject"] = line(letter.subject)
    mail["Date"] = datetime.fromtimestamp(letter.date, UTC)
    mail["Message-ID"] = letter.message_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in answer
    mail.set_content(letter.body, charset="utf-8")
    return _ending(letter.unsubscribe) + mail.as_bytes()


def _ending(address: str) -> bytes:
    """Lines of the header by which mail programs end such letters. Never folded: not all of them unfold it."""
    if not address.isascii() or not address.isprintable() or not address:
        return b""
    told = f"List-Unsubscribe: <{address}>\r\n"
    if address.startswith("https://"):
        told += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"  # RFC 8058
    return told.encode()


class Post:
    """A connection that is made when the first letter goes out, and again where it broke."""

    def __init__(self, how: Mail) -> None:
        self._how = how
        self._open: smtplib.SMTP | None = None

    def __enter__(self) -> Post:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._hang_up()

    def send(self, letter: Letter) -> str:
        """What the server said when it took it. Raises Refused."""
        if not self._how.host or not self._how.sender:
            raise Refused("shop.toml names no server that mail is sent by", all=True)
        raw = compose(letter, self._how.sender)
        server = self._server()
        try:
            self._said(server.mail(_ascii(parseaddr(self._how.sender)[1])), letter, all=True)
            self._said(server.rcpt(_ascii(letter.recipient)), letter)
            told = self._said(server.data(raw), letter)
        except smtplib.SMTPDataError as fault:
            self._reset()
            raise _refused((fault.smtp_code, fault.smtp_error), letter) from None
        except (smtplib.SMTPException, OSError) as fault:
            self._hang_up()
            what = type(fault).__name__ if isinstance(fault, smtplib.SMTPException) else str(fault)
            raise Refused(f"the connection to {self._how.host} broke: {what}", all=True) from None
        return told

    def _said(self, answer: tuple[int, bytes], letter: Letter, *, all: bool = False) -> str:
        code = answer[0]
        if 200 <= code < 300:
            return _told(answer, letter)
        if code == 421:  # it hangs up itself
            self._hang_up()
        else:
            self._reset()
        raise _refused(answer, letter, all=all or code == 421)

    def _server(self) -> smtplib.SMTP:
        if self._open is None:
            how = self._how
            try:
                self._open = _connect(how)
            except smtplib.SMTPAuthenticationError as fault:
                told = f"{how.host} does not let {how.user} in ({fault.smtp_code})"
                raise Refused(told, all=True) from None
            except (smtplib.SMTPException, OSError) as fault:
                what = getattr(fault, "strerror", None) or type(fault).__name__
                raise Refused(f"{how.host}:{how.port} cannot be used: {what}", all=True) from None
        return self._open

    def _reset(self) -> None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if self._open:
                self._open.rset()

    def _hang_up(self) -> None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if self._open:
                self._open.quit()
        self._open = None


def _connect(how: Mail) -> smtplib.SMTP:
    secret = password(how) if how.user else ""
    # Reading the system's certificates takes longer than a letter: only where they are needed.
    context = None if how.security == "none" else ssl.create_default_context()
    if how.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            how.host, how.port, timeout=_PATIENCE, context=context
        )
    else:
        server = smtplib.SMTP(how.host, how.port, timeout=_PATIENCE)
    try:
        if how.security == "starttls":
            server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
        if secret:
            server.login(how.user, secret)
    except BaseException:
        server.close()
        raise
    return server


def password(how: Mail) -> str:
    """From the environment, else from the system's keyring. Raises Refused where there is none, and where it
    would go over the net unencrypted."""
    if how.security == "none" and how.host not in _LOCAL:
        raise Refused(
            f'the password would go to {how.host} unencrypted: write security = "starttls" or "tls"',
            all=True,
        )
    found = os.environ.get(PASSWORD, "") or _kept()
    if not found:
        raise Refused(
            f"there is no password for {how.user}: set {PASSWORD}, or run: keyring set {_SERVICE} {_ENTRY}",
            all=True,
        )
    return found


def _kept() -> str:
    try:
        import keyring

        return keyring.get_password(_SERVICE, _ENTRY) or ""
    except Exception:  # noqa: BLE001 - a keyring that is locked, broken or not there has nothing
        return ""


def _refused(answer: tuple[int, bytes | str], letter: Letter, *, all: bool = False) -> Refused:
    code = answer[0]
    return Refused(_told(answer, letter), lasting=code >= 500 and not all, all=all)


def _told(answer: tuple[int, bytes | str], letter: Letter) -> str:
    """In one line, without the address, which servers like to repeat."""
    code, said = answer
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    for own in {letter.recipient, _safe(letter.recipient)}:
        words = words.replace(own, "…") if own else words
    return line(f"{code} {words}")[:_LONGEST]


def _safe(address: str) -> str:
    with contextlib.suppress(Refused):
        return _ascii(address)
    return ""


def _ascii(address: str) -> str:
    """As SMTP takes it; a domain in other letters by IDNA. Raises Refused where it is no one address."""
    if not address:
        raise Refused("the order names no e-mail address", lasting=True)
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise Refused("this is no e-mail address of one person", lasting=True)
    local = address.rpartition("@")[0]
    bare = _domain(address)
    if not local.isascii() or not bare:
        raise Refused("mail servers do not know addresses with such letters", lasting=True)
    return f"{local}@{bare}"


def _domain(address: str) -> str:
    try:
        return address.rpartition("@")[2].encode("idna").decode()
    except UnicodeError:
        return ""
