"""Whatever is sent to the server, by its own OpenAPI: no fault of the server's comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import openapi
from schemathesis.checks import CHECKS, load_all_checks

from curate.shop import Shop
from curate.shop.access import guesses, links, sessions
from curate.shop.access.grants import Grant
from curate.web import buyers
from tests.serving import Browser, serving
from tests.storefront import Clock, paid, storefront

load_all_checks()
TOLD = [
    CHECKS.get_one(name)
    for name in ("not_a_server_error", "status_code_conformance", "content_type_conformance")
]
FEW = settings(
    max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


class Open(NamedTuple):
    shop: Shop
    grant: Grant
    browser: Browser


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    shop = storefront(tmp_path_factory.mktemp("shop"), clock=Clock())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guesses, "FREE", 1 << 40)  # or most would be answered by the lockout
        with serving(shop) as browser:
            yield Open(shop, paid(shop, sku="FROZEN")[0], browser)


@pytest.mark.parametrize("inside", [False, True], ids=["nobody", "buyer"])
def test_requests_made_from_the_description(at: Open, inside: bool) -> None:
    cookies = {"order": sessions.make(at.shop, at.grant)} if inside else {}
    schema = openapi.from_asgi("/openapi.json", buyers.app(at.shop))
    seen = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @FEW
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            if inside and "serial" in case.path_parameters:
                case.path_parameters["serial"] = at.grant.serial
            got = case.call(cookies=cookies)
            # What leads elsewhere has nothing in it, and so no type.
            case.validate_response(got, checks=TOLD[:2] if got.status_code == 303 else TOLD)

        ask()
        seen.append(operation.label)
    assert {"POST /open", "POST /order/{serial}/link", "POST /notices/{channel}"} <= set(seen)


odd = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
numbers = st.integers(-5, 1 << 70).map(str) | st.just("")
spans = st.builds("{}={}-{}".format, st.sampled_from(["bytes", "BYTES", "lines"]), numbers, numbers)
named = st.fixed_dictionaries(
    {},
    optional={
        "Range": odd | spans | st.lists(spans, max_size=3).map(",".join),
        "If-Range": odd | st.sampled_from(['"x"', "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Jan"]),
        "If-None-Match": odd | st.sampled_from(["*", 'W/"x", "y"']),
        "If-Match": odd | st.just("*"),
        "If-Modified-Since": odd | st.just("Thu, 01 Jan 9999 00:00:00 GMT"),
        "If-Unmodified-Since": odd | st.just("Thu, 01 Jan 1970 00:00:00 -2500"),
        "Accept-Language": odd,
        "Cookie": odd | odd.map("order={}".format),
        "X-Forwarded-For": odd,
        "Origin": odd,
    },
)


@given(named, st.sampled_from(["GET", "HEAD"]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_link_with_any_headers(at: Open, headers: dict[str, str], method: str) -> None:
    path = links.make(at.shop, at.grant, "1.0.0", "notes-1.0.0.zip")
    sent = {name.replace("-", "_"): value.strip() for name, value in headers.items()}
    assert at.browser.ask(path, method, **sent).status in (200, 206, 304, 403, 412, 416)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_path_and_any_code(at: Open, path: str, code: str) -> None:
    for start in ("/", "/d/", "/d/1/2/3/4/", "/static/", "/order/"):
        assert at.browser.ask(start + quote(path)).status < 500
    assert at.browser.ask("/open", form={"code": code, "number": code}).status in (403, 422)
