"""Links of campaigns: where they lead, what is counted, and that nothing else happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, update

from curate.books.journey import campaigns
from curate.books.journey.visits import Visits
from curate.database.tables import campaigns as table
from curate.database.tables import visits
from curate.shop import Shop
from curate.shop.settings import Serve
from tests import selling
from tests.serving import Browser, serving

DAY = "2030-03-18"  # of the clock's start, in Shanghai


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    counter = selling.shop(tmp_path / "w")
    served = msgspec.structs.replace(
        counter.shop.settings, serve=Serve(url="https://files.example.org")
    )
    return Shop(counter.shop.workspace, served, counter.clock)


@pytest.fixture
def browser(shop: Shop) -> Iterator[Browser]:
    with serving(shop) as made:
        yield made


def counted(shop: Shop, total: int) -> dict[tuple[str, str], int]:
    """Once ``total`` are written, or ten seconds are over."""
    found: dict[tuple[str, str], int] = {}
    for _ in range(200):
        with shop.database.reading() as connection:
            found = {(code, day): n for code, day, n in connection.execute(select(visits))}
        if sum(found.values()) >= total:
            break
        time.sleep(0.05)
    return found


def test_a_link_leads_on_and_is_counted(shop: Shop, browser: Browser) -> None:
    made = campaigns.add(
        shop, "公众号", "Video", target="https://shop.example/字体?from={code}#top"
    )
    assert campaigns.link(shop, made) == f"https://files.example.org/go/{made.code}"
    for path in (f"/go/{made.code}", f"/go/{made.code.upper()}", f"/go/{made.code}?u=a@b.de&next=//evil.example"):  # fmt: skip
        reply = browser.ask(path, Cookie="who=anna", Referer="https://x.example/?q=anna")
        assert reply.status == 302
        assert reply["Location"] == (
            f"https://shop.example/%E5%AD%97%E4%BD%93?from={made.code}#top"
        )
        assert reply["Referrer-Policy"] == "no-referrer" and reply["Cache-Control"] == "no-store"
        assert not reply["Set-Cookie"] and not reply.body
    assert counted(shop, 3) == {(made.code, DAY): 3}


@pytest.mark.parametrize(
    "code",
    ["nowhere", "a" * 31, "%2F%2Fevil.example", "https:%2F%2Fevil.example", "%00", "..%2F..",
     "%F0%9F%98%80", "a%0d%0aLocation:%20x", "'--", ""],
)  # fmt: skip
def test_what_is_no_code_leads_nowhere(shop: Shop, browser: Browser, code: str) -> None:
    campaigns.add(shop, "wechat", target="https://shop.example/")
    reply = browser.ask(f"/go/{code}")
    assert reply.status in (404, 422)
    assert not reply["Location"]
    assert counted(shop, 0) == {}


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "//evil.example", "/order", "", "https://", "https://a@b.example/",
     "https://good.example\\@evil.example/", "https://x.example/\r\nSet-Cookie: a=b", "data:text/html,x",
     "https://{code}.example/", "https://x.example:99999/", "ftp://x.example/"],
)  # fmt: skip
def test_an_address_that_was_put_there_by_force_leads_nowhere(
    shop: Shop, browser: Browser, target: str
) -> None:
    """The database is a file, and others may write it."""
    made = campaigns.add(shop, "wechat", target="https://shop.example/")
    with shop.database.writing() as connection:
        connection.execute(update(table).values(target=target))
    reply = browser.ask(f"/go/{made.code}")
    assert reply.status == 404 and not reply["Location"]


def test_many_at_once_are_all_counted_and_none_waits(shop: Shop, browser: Browser) -> None:
    made = campaigns.add(shop, "wechat", target="https://shop.example/")
    with ThreadPoolExecutor(8) as pool:
        replies = [*pool.map(lambda _: browser.ask(f"/go/{made.code}").status, range(200))]
    assert replies == [302] * 200
    assert counted(shop, 200) == {(made.code, DAY): 200}


def test_nobody_is_in_what_is_kept(
    shop: Shop, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    made = campaigns.add(shop, "wechat", target="https://shop.example/")
    with caplog.at_level("INFO"):
        browser.ask(f"/go/{made.code}?who=MARKER", Cookie="who=MARKER", User_Agent="MARKER",
                    Referer="https://x.example/MARKER")  # fmt: skip
        counted(shop, 1)
    told = [one.getMessage() for one in caplog.records if one.name.startswith("curate")]
    assert told == ["127.0.0.0 GET /go 302"]
    kept = b"".join(path.read_bytes() for path in shop.workspace.root.rglob("shop.db*"))
    assert b"MARKER" not in kept


def test_what_the_database_does_not_take_is_written_later(shop: Shop) -> None:
    told = Visits(shop)
    told._begun = True  # no timer of its own
    told.add("a")
    table_name = visits.name
    with shop.database.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table_name} RENAME TO gone")
    told.write()
    with shop.database.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE gone RENAME TO {table_name}")
    told.add("a")
    told.write()
    assert counted(shop, 2) == {("a", DAY): 2}
