"""Delivery by e-mail, against a real SMTP server on this machine."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from sqlalchemy import select

from curate.database.tables import outbox, steps
from curate.shop import mail
from curate.shop.aftersales.refunds import refund
from curate.shop.delivery import outbox as box
from curate.shop.delivery import sending, serve
from curate.shop.mail import Letter, Post, Refused
from curate.shop.settings import Mail
from tests.selling import Counter, mailing, shop


class Server:
    """Keeps what it takes. ``say``: answers to the next commands of a kind, before it takes any."""

    def __init__(self, **how: Any) -> None:
        self.letters: list[bytes] = []
        self.recipients: list[str] = []
        self.answers: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        self.logins: list[bytes] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **how)

    def __enter__(self) -> Server:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def say(self, command: str, *answers: str) -> None:
        self.answers[command] += answers

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers["MAIL"]:
            return self.answers["MAIL"].pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers["RCPT"]:
            return self.answers["RCPT"].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers["DATA"]:
            return self.answers["DATA"].pop(0)
        self.letters.append(bytes(envelope.content or b""))
        self.recipients += envelope.rcpt_tos
        return f"250 2.0.0 taken as Q{len(self.letters)}"

    def read(self) -> list[EmailMessage]:
        made = (email.message_from_bytes(raw, policy=email.policy.default) for raw in self.letters)
        return [one for one in made if isinstance(one, EmailMessage)]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def counter(tmp_path: Path, server: Server) -> Counter:
    made = shop(tmp_path)
    made.shop = mailing(made, server.port)
    return made


def row(counter: Counter) -> Any:
    with counter.shop.database.reading() as connection:
        return connection.execute(select(outbox).order_by(outbox.c.id)).first()


def test_mail_is_sent_and_the_servers_word_is_the_proof(counter: Counter, server: Server) -> None:
    counter.fill("SECRET-1")
    one = counter.order("A-1", "post", email="li@buyer.example", language="zh")
    assert serve(counter.shop).mailed == 1
    (letter,) = server.read()
    assert str(letter["Subject"]) == "您的订单 A-1：A thing"
    assert str(letter["From"]) == "Ann Lee <ann@shop.example>"
    assert "SECRET-1" in letter.get_content()
    assert server.recipients == ["li@buyer.example"]
    assert counter.steps(one) == ["allocated", "rendered", "sent", "confirmed"]
    assert row(counter).proof == "127.0.0.1: 250 2.0.0 taken as Q1"
    assert str(letter["Message-ID"]) == row(counter).message_id
    assert serve(counter.shop).mailed == 0


def test_every_byte_of_a_letter_is_ascii_and_the_same_again(counter: Counter) -> None:
    told = Letter(
        "<1@shop.example>", "li@例子.example", "订单\r\nBcc: x@y.example", "密钥 ✓\n" * 300, 0
    )
    raw = mail.compose(told, "安 <ann@shop.example>")
    assert raw.isascii()
    assert raw == mail.compose(told, "安 <ann@shop.example>")
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Bcc"] is None
    assert str(read["Subject"]) == "订单 Bcc: x@y.example"
    assert "xn--" in str(read["To"])


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b\r\nRCPT TO:<x@y>", "a@b, c@d", "a b@c", "<a@b>", "a@b\x00", "李@b.example", "a@" + "x" * 300],
    ids=["none", "no domain", "two lines", "two", "blank", "angle", "nul", "other letters", "long"],
)  # fmt: skip
def test_what_is_no_address_of_one_person_stays_visible(
    counter: Counter, server: Server, address: str
) -> None:
    counter.fill("k-1")
    one = counter.order("A-1", "post", email=address)
    assert serve(counter.shop).refused == 1
    assert server.letters == []
    assert counter.state(one) == "rendered"
    (left,) = box.pending(counter.shop)
    assert left.stuck
    assert left.fault


def test_a_temporary_failure_is_tried_again_later_and_later(
    counter: Counter, server: Server
) -> None:
    counter.fill("k-1")
    counter.order("A-1", "post", email="li@buyer.example")
    server.say("DATA", *["451 4.3.0 try later, li@buyer.example"] * 3)
    waits = []
    for _ in range(4):
        serve(counter.shop)
        if row(counter).state == "rendered":
            waits.append(row(counter).due_at - counter.shop.now())
            assert row(counter).fault == "451 4.3.0 try later, …"
            before = row(counter).tries
            counter.clock.now = row(counter).due_at - 1
            serve(counter.shop)
            assert row(counter).tries == before
            counter.clock.now += 1
    assert waits == [60, 300, 900]
    assert row(counter).state == "confirmed"
    assert row(counter).fault == ""
    assert len(server.letters) == 1


def test_a_refusal_for_good_is_told_and_stays_until_a_person_says_so(
    counter: Counter, server: Server
) -> None:
    counter.fill("k-1", "k-2")
    first = counter.order("A-1", "post", email="gone@buyer.example")
    counter.order("A-2", "post", email="li@buyer.example")
    server.say("RCPT", "550 5.1.1 no such user")
    done = serve(counter.shop)
    assert (done.mailed, done.refused) == (1, 1)
    counter.clock.now += 10**8
    assert serve(counter.shop).mailed == 0
    (left,) = box.pending(counter.shop)
    assert (left.fault, left.stuck, counter.state(first)) == (
        "550 5.1.1 no such user",
        True,
        "rendered",
    )
    box.again(counter.shop, [left.id])
    assert serve(counter.shop).mailed == 1


def test_a_server_that_is_away_is_asked_once_for_all(tmp_path: Path) -> None:
    counter = shop(tmp_path)
    counter.fill("k-1", "k-2", "k-3")
    for number in "123":
        counter.order(number, "post", email="li@buyer.example")
    done = serve(counter.shop)
    assert (done.rendered, done.mailed, done.delayed) == (3, 0, 1)
    (told,) = done.trouble
    assert told.startswith("127.0.0.1:1 cannot be used")
    assert sorted(one.tries for one in box.pending(counter.shop)) == [0, 0, 1]


def test_killed_after_the_servers_ok_it_is_the_same_letter_again(
    counter: Counter, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.fill("k-1")
    one = counter.order("A-1", "post", email="li@buyer.example")

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sending, "sent", killed)
        with pytest.raises(Killed):
            serve(counter.shop)
    assert row(counter).state == "sending"
    counter.clock.now += 5_000
    serve(counter.shop)
    assert server.letters[0] == server.letters[1]
    assert counter.steps(one) == ["allocated", "rendered", "sent", "confirmed"]


def test_two_processes_do_not_send_the_same(counter: Counter, server: Server) -> None:
    counter.fill("k-1")
    counter.order("A-1", "post", email="li@buyer.example")
    with sending._sole(counter.shop) as mine:
        assert mine
        assert serve(counter.shop).mailed == 0
    assert serve(counter.shop).mailed == 1
    assert len(server.letters) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


def context(folder: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return made


LETTER = Letter("<1@shop.example>", "li@buyer.example", "s", "b", 0)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_over_tls_with_a_password(
    security: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bytes] = []

    def known(
        server: SMTP, session: Session, envelope: Envelope, kind: str, data: Any
    ) -> AuthResult:
        given.append(data.password)
        right = data.password == b"open sesame"
        return AuthResult(success=right, handled=right)

    how: dict[str, Any] = {
        "authenticator": known,
        "auth_required": True,
        "auth_require_tls": security != "tls",
    }
    if security == "tls":
        how["ssl_context"] = context(certificate)
    else:
        how.update(tls_context=context(certificate), require_starttls=True)
    with Server(**how) as server:
        told = Mail(
            host="127.0.0.1",
            port=server.port,
            security=security,
            user="ann",
            sender="ann@shop.example",
        )
        monkeypatch.setenv("CURATE_SMTP_PASSWORD", "open sesame")
        with Post(told) as post, pytest.raises(Refused, match="cannot be used"):
            post.send(LETTER)  # nobody vouches for the server
        assert given == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        with Post(told) as post:
            assert post.send(LETTER).startswith("250")
            assert post.send(LETTER).startswith("250")
        assert given == [b"open sesame"]
        monkeypatch.setenv("CURATE_SMTP_PASSWORD", "wrong word")
        with Post(told) as post, pytest.raises(Refused, match="does not let ann in") as fault:
            post.send(LETTER)
        assert "wrong word" not in str(fault.value)


def test_a_password_does_not_go_out_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATE_SMTP_PASSWORD", "open sesame")
    how = Mail(host="mail.example", security="none", user="ann", sender="ann@shop.example")
    with Post(how) as post, pytest.raises(Refused, match="unencrypted"):
        post.send(LETTER)


def test_without_a_mail_server_all_waits_and_is_told(tmp_path: Path) -> None:
    counter = shop(tmp_path, mail=Mail())
    counter.fill("k-1")
    counter.order("A-1", "post", email="li@buyer.example")
    assert serve(counter.shop).trouble == ("shop.toml names no server that mail is sent by",)


def test_no_secret_in_what_is_kept_of_a_letter(counter: Counter, server: Server) -> None:
    counter.fill("SECRET-1")
    counter.order("A-1", "post", email="li@buyer.example")
    server.say("DATA", "451 no")
    serve(counter.shop)
    with counter.shop.database.reading() as connection:
        kept = [*connection.execute(select(outbox)), *connection.execute(select(steps))]
    assert "SECRET" not in str(kept)
    assert "SECRET" not in repr(Letter("<1>", "a@b", "s", "SECRET-1", 0))


def test_a_letter_on_its_way_is_followed_by_what_is_left_after_a_refund(tmp_path: Path) -> None:
    counter = shop(tmp_path)
    counter.fill("k-1", "k-2", "k-3", "k-4")
    with Server() as server:
        own = mailing(counter, server.port)
        with sending._sole(own) as mine:
            assert mine
            one = counter.order("1", "post", email="li@b.example", quantity=4)
            serve(own)
            letter = sending.begin(own, counter.message(one))
            assert letter is not None and "k-4" in letter.body
            for reference in "ab":
                refund(own, "post", "1", quantity=1, reference=reference)
            sending.sent(own, counter.message(one), "250 OK")
        assert serve(own).mailed == 1
        (right,) = server.read()
        said = right.get_content()
        assert [code in said for code in ("k-1", "k-2", "k-3", "k-4")] == [True, True, False, False]
        assert right["Subject"] == "Your order 1: what you keep"
        refund(
            own, "post", "1", quantity=1, reference="c"
        )  # what was sent before is not told again
    assert [one.state for one in box.messages(own)] == ["confirmed", "confirmed"]
