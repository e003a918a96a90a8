"""Signed notices: one delivery however often one comes, and nothing for who does not know the secret."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from curate.database.tables import deliveries, entries, lines, nonces
from curate.errors import CurateError
from curate.shop import Shop, notices
from curate.workspace import Workspace

NOW = 1_790_000_000
TOML = """[products.PDF]
stock = "unique"
[channels.own]
[channels.other]
[channels."a b"]
"""
ORDER = {"order_no": "N-1", "sku": "PDF", "quantity": 1, "paid": "9.90", "paid_at": NOW - 5}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    made = Shop.open(Workspace(tmp_path), lambda: NOW)
    notices.make_secret(made, "own", tmp_path / "own.secret")
    return made


def signed(shop: Shop, told: Any = None, **more: Any) -> tuple[dict[str, str], bytes]:
    body = more.get("body", json.dumps(ORDER if told is None else told).encode())
    at, nonce = str(more.get("at", NOW)), more.get("nonce", secrets.token_hex(16))
    secret = (shop.workspace.root / "own.secret").read_text()
    return {
        "X-Curate-Timestamp": at, "X-Curate-Nonce": nonce,
        "x-curate-signature": notices.sign(secret, at, nonce, body),
    }, body  # fmt: skip


def post(shop: Shop, told: Any = None, channel: str = "own", **more: Any) -> notices.Answer:
    return notices.receive(shop, channel, *signed(shop, told, **more))


def count(shop: Shop, table: Any) -> int:
    with shop.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_notice_a_hundred_times_is_one_delivery_and_one_answer(shop: Shop) -> None:
    sent = signed(shop)
    answers = [notices.receive(shop, "own", *sent) for _ in range(50)]
    answers += [post(shop) for _ in range(50)]  # as a channel does that signs each try anew
    assert all(one == answers[0] for one in answers)
    assert answers[0].status == 200
    assert answers[0].body["lines"] == [
        {"order_no": "N-1", "line_no": "1", "sku": "PDF", "delivery": 1}
    ]
    assert [count(shop, one) for one in (lines, deliveries, entries)] == [1, 1, 1]


POST = """
import json, sys
from pathlib import Path
from curate.shop import Shop, notices
from curate.workspace import Workspace
shop = Shop.open(Workspace(Path(sys.argv[1])), lambda: 1_790_000_000)
headers, body = json.load(open(sys.argv[2]))
sys.stdin.readline()
for _ in range(7):
    answer = notices.receive(shop, "own", headers, body.encode())
    print(json.dumps([answer.status, answer.body]))
"""


def test_sixteen_at_once_are_one_delivery_and_one_answer(shop: Shop, tmp_path: Path) -> None:
    headers, body = signed(shop)
    (tmp_path / "notice.json").write_text(json.dumps([headers, body.decode()]))
    started = [
        subprocess.Popen(
            [sys.executable, "-c", POST, str(tmp_path), str(tmp_path / "notice.json")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        )
        for _ in range(4)
    ]  # fmt: skip
    with ThreadPoolExecutor(12) as pool:
        threads = [pool.submit(notices.receive, shop, "own", headers, body) for _ in range(72)]
        told = [one.communicate("go\n", timeout=100)[0].splitlines() for one in started]
    answers = {json.dumps([one.result().status, one.result().body]) for one in threads}
    assert sum(map(len, told)) + len(threads) == 100
    assert answers | {line for some in told for line in some} == answers and len(answers) == 1
    assert [count(shop, one) for one in (lines, deliveries, entries)] == [1, 1, 1]


@pytest.mark.parametrize(
    "more",
    [{"at": NOW - 301}, {"at": NOW + 301}, {"at": "-5"}, {"at": ""}, {"nonce": "short"}, {"nonce": "x" * 101},
     {"nonce": "ü" * 20}, {"channel": "other"}, {"channel": "nobody"}, {"channel": "../own"}, {"channel": "a b"}],
    ids=str,
)  # fmt: skip
def test_what_is_not_signed_for_now_and_here_is_refused(shop: Shop, more: dict[str, Any]) -> None:
    assert post(shop, **more).status == 401
    assert count(shop, lines) == 0 and count(shop, nonces) == 0


@pytest.mark.parametrize(
    "part", ["X-Curate-Timestamp", "X-Curate-Nonce", "x-curate-signature", "body"]
)
def test_what_was_altered_is_refused(shop: Shop, part: str) -> None:
    headers, body = signed(shop)
    if part == "body":
        body = body.replace(b"9.90", b"0.01")
    else:
        last = headers[part][-1]
        headers[part] = headers[part][:-1] + ("1" if last == "0" else "0")
    assert notices.receive(shop, "own", headers, body).status == 401
    assert notices.receive(shop, "own", {}, body).status == 401


def test_a_nonce_belongs_to_one_notice(shop: Shop) -> None:
    nonce = secrets.token_hex(16)
    assert post(shop, nonce=nonce).status == 200
    assert post(shop, ORDER | {"order_no": "N-2"}, nonce=nonce).status == 409
    assert count(shop, lines) == 1


def test_old_nonces_are_forgotten(shop: Shop) -> None:
    post(shop)
    later = Shop(shop.workspace, shop.settings, lambda: NOW + 10_000)
    post(later, at=NOW + 10_000)
    assert count(shop, nonces) == 1


@pytest.mark.parametrize(
    "told",
    [{"paid": 9.9}, {"paid": 990}, {"paid": "1e3"}, {"paid": "-1"}, {"quantity": "two"}, {"quantity": True},
     {"order_no": 1.5}, {"order_no": ""}, {"sku": None}, {"channel": "other"}, {"paid_at": "yesterday"},
     {"status": ["paid"]}, {"quantity": 10**12}, {"paid_at": 10**30}],
    ids=str,
)  # fmt: skip
def test_types_and_amounts_are_exact_or_refused(shop: Shop, told: dict[str, Any]) -> None:
    answer = post(shop, ORDER | told)
    assert answer.status == 422 and count(shop, lines) == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"7", b"{", b'{"lines": []}', b'{"lines": {}}', b'{"lines": [1]}', b"[" * 90_000,
     b'{"order_no": "1", "order_no": "2", "sku": "PDF"}', b'{"paid": NaN}', b'{"order_no": ' + b"1" * 9_000 + b"}"],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_bodies_that_are_none_are_refused(shop: Shop, body: bytes) -> None:
    assert post(shop, body=body).status == 422


def test_a_body_beyond_measure_is_not_even_hashed(shop: Shop) -> None:
    assert post(shop, body=b" " * (notices.MOST + 1)).status == 413


def test_several_lines_and_contradictions(shop: Shop) -> None:
    both = {"lines": [ORDER, ORDER | {"line_no": "2", "paid": "1.00"}]}
    assert post(shop, both).status == 200
    answer = post(shop, ORDER | {"paid": "0.01"})
    assert answer.status == 409 and "amount paid was 990" in answer.body["problems"][0]
    assert count(shop, deliveries) == 2


@given(
    st.binary(max_size=200), st.dictionaries(st.text(max_size=30), st.text(max_size=80), max_size=4)
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_is_sent_raises(shop: Shop, body: bytes, headers: dict[str, str]) -> None:
    assert notices.receive(shop, "own", headers, body).status == 401
    assert post(shop, body=body).status in (200, 422)


def test_the_secret_is_for_its_owner_and_never_overwrites(shop: Shop, tmp_path: Path) -> None:
    kept, given_out = tmp_path / "keys" / "notices-own.key", tmp_path / "own.secret"
    assert kept.read_text() == given_out.read_text()
    assert kept.stat().st_mode & 0o077 == 0 and given_out.stat().st_mode & 0o077 == 0
    with pytest.raises(CurateError, match="exists"):
        notices.make_secret(shop, "own", given_out)
    sent = signed(shop)
    notices.make_secret(shop, "own", tmp_path / "same.secret")
    assert (tmp_path / "same.secret").read_text() == given_out.read_text()
    notices.make_secret(shop, "own", tmp_path / "new.secret", renew=True)
    assert (tmp_path / "new.secret").read_text() != given_out.read_text()
    assert notices.receive(shop, "own", *sent).status == 401
    for name in ("a b", "../x", "nobody"):
        with pytest.raises(CurateError):
            notices.make_secret(shop, name, tmp_path / "x.secret")


def test_no_secret_is_in_the_database_or_in_an_answer(shop: Shop, tmp_path: Path) -> None:
    secret = (tmp_path / "own.secret").read_text()
    answers = [post(shop), post(shop, {}), post(shop, at=1), post(shop, ORDER | {"paid": "1"})]
    assert secret not in "".join(map(str, answers)) and "PDF" not in str(answers[2])
    shop.database.close()
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.glob("shop.db*"))


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("A1", "A\u200b1"), ("A1", "Ａ１"), ("é-1", "e\u0301-1"), ("A1", "A1\ufe0f"), ("A1", "A\u034f1"),
        ("A 1", "A\u00a0 1"), ("A1", "A\u20601"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["order_no", "line_no"])
def test_a_number_that_only_looks_the_same_is_the_same(
    shop: Shop, what: str, first: str, again: str
) -> None:
    for number in (first, again):
        assert post(shop, ORDER | {what: number}).status == 200
    assert count(shop, deliveries) == 1
