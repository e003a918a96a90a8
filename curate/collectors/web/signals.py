"""What a site lets machines do with what it shows, and whether that lets us keep it.

These signals restrict; none of them is a licence. Those that speak of AI alone are recorded and stop
nothing, for curate trains no model and feeds none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from curate.collectors.web import ai, groups, rsl, tdm, urls
from curate.collectors.web.scope import Scope
from curate.collectors.web.tags import attribute, rels
from curate.messages import msg
from curate.model import Message, Signal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

MOST = 50
"""Signals that are kept of one place, and documents of terms that it may name."""
_LONGEST = 1000
_FORBIDS = frozenset({"noindex", "none", "noarchive"})  # an index and a copy is what we make
_RESTRICTS = re.compile(r"(^|[\s,:;])(no(?!odp|ydir)[a-z]+|unavailable_after)", re.IGNORECASE)
_UNTIL = re.compile(
    r"(?:(?<![\w*.-])([\w*.-]+)\s*:\s*)?unavailable_after\s*:\s*((?:[a-z]{3,9}\s*,\s*)?[^,;]*)",
    re.IGNORECASE,
)
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_RSL = re.compile(rf"^\s*{re.escape(rsl.TYPE)}\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stop:
    """A signal that keeps us from taking a place."""

    reason: Message
    retry: bool = False  # it may be another tomorrow


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard about one place. Added to each other from the widest to the nearest."""

    signals: tuple[Signal, ...] = ()
    stops: tuple[Stop, ...] = ()  # the first one decides
    mining: tuple[tdm.Reservation, str] | None = None  # and who says so; the nearest one holds
    terms: tuple[str, ...] = ()  # addresses of RSL documents
    expires: bool = False  # what is open today will not be some day

    def __add__(self, nearer: Heard) -> Heard:
        if nearer == _NOTHING:
            return self
        if self == _NOTHING:
            return nearer
        return Heard(
            tuple(dict.fromkeys(self.signals + nearer.signals))[:MOST],
            (self.stops + nearer.stops)[:1],
            nearer.mining or self.mining,
            tuple(dict.fromkeys(self.terms + nearer.terms))[:MOST],
            self.expires or nearer.expires,
        )

    @property
    def stop(self) -> Stop | None:
        """What keeps us from it, if anything does."""
        if self.stops:
            return self.stops[0]
        reservation, where = self.mining or (None, "")
        return refusal(where, reservation.words) if reservation and reservation.reserved else None


_NOTHING = Heard()


def refusal(where: str, words: str) -> Stop:
    return Stop(
        msg(
            "{where} says “{words}”; ask its owner for permission, or declare the source your own"
            " if it is",
            where=where,
            words=words[:200],
        )
    )


# An answer and a page


def rules(values: Sequence[str]) -> set[str]:
    """The rules that are for everyone or for us, in lower case: "noindex", "nofollow", …"""
    found: set[str] = set()
    for value in values:
        for one in _UNTIL.sub("", value).lower().split(","):
            # Several headers arrive as one, so an agent's name is for its own rule alone.
            agent, _, rule = one.rpartition(":")
            if _for_us(agent):
                found.update(re.split(r"[\s;]+", rule.strip()))
    return found


def in_headers(headers: Mapping[str, str], url: str) -> Heard:
    """What the answer for ``url`` says of it."""
    tag = headers.get("X-Robots-Tag", "")
    heard = _robots("x-robots-tag", "X-Robots-Tag", [tag] if tag else [], url, headers)
    heard += _mining([headers.get("tdm-reservation", "")], headers.get("tdm-policy", ""), url)
    if usage := headers.get("Content-Signal", ""):
        heard += _usage(usage, url, url)
    terms = [
        urls.normal(target, url)
        for target, parameters in _LINK.findall(headers.get("Link", "")[:10_000])
        if rsl.TYPE in parameters.lower() and "license" in parameters.lower()
    ]
    return heard + Heard(terms=tuple(filter(None, terms)))


def in_page(metas: Mapping[str, Sequence[str]], url: str, headers: Mapping[str, str]) -> Heard:
    """What a page's head and its answer say of it."""
    heard = in_headers(headers, url)
    for name in ("robots", groups.AGENT):
        heard += _robots("robots", f"meta {name}", metas.get(name, ()), url, headers)
    policy = next(iter(metas.get("tdm-policy", ())), "")
    return heard + _mining(list(metas.get("tdm-reservation", ())), policy, url)


def terms_in_page(soup: BeautifulSoup, base: str, url: str) -> Heard:
    """The terms of use that a page holds or names."""
    tags = soup.find_all("link", type=_RSL, href=True)[:MOST]
    terms = (urls.normal(attribute(tag, "href"), base) for tag in tags if "license" in rels(tag))
    heard = Heard(terms=tuple(filter(None, terms)))
    for script in soup.find_all("script", type=_RSL)[:MOST]:
        heard += by_terms(rsl.parse(script.get_text().encode(), url), url, url)
    return heard


def _robots(
    kind: Literal["robots", "x-robots-tag"],
    name: str,
    values: Sequence[str],
    url: str,
    headers: Mapping[str, str],
) -> Heard:
    if not values:
        return Heard()
    now = _now(headers)
    kept = [value for value in values if _RESTRICTS.search(value)]
    stops = [refusal(url, f"{name}: {rule}") for rule in sorted(rules(values) & _FORBIDS)]
    dates = [date for value in values for date in _until(value)]
    stops += [
        refusal(url, f"{name}: unavailable_after: {date:%Y-%m-%d}") for date in dates if date <= now
    ]
    return Heard(
        tuple(Signal(kind, value.strip()[:_LONGEST], url) for value in kept[:MOST]),
        tuple(stops[:1]),
        expires=any(date > now for date in dates),
    )


def _for_us(agent: str) -> bool:
    return agent.strip().lower() in ("", "*", groups.AGENT)


def _until(value: str) -> Iterator[datetime]:
    for agent, written in _UNTIL.findall(value[:_LONGEST]):
        if _for_us(agent) and (date := _date(written.strip())):
            yield date


def _now(headers: Mapping[str, str]) -> datetime:
    return _date(headers.get("Date", "")) or datetime.now(UTC)


def _date(written: str) -> datetime | None:
    # Google's own example says 24:00 for midnight.
    written = re.sub(r"\b24:(?=\d\d:)", "23:", written)
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(written)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError, IndexError):
            continue
    return None


def _mining(values: list[str], policy: str, where: str) -> Heard:
    reservation = tdm.stated(values, policy)
    return by_reservation(reservation, where) if reservation else Heard()


# What files of a whole site say of one place


def by_reservation(reservation: tdm.Reservation, where: str) -> Heard:
    return Heard((Signal("tdmrep", reservation.words, where),), mining=(reservation, where))


def by_terms(terms: tuple[rsl.Terms, ...], where: str, url: str) -> Heard:
    """What the RSL document at ``where`` says of ``url``."""
    held = rsl.holding(terms, url)
    return Heard(
        tuple(Signal("rsl", one.words, where) for one in held[:MOST]),
        tuple(refusal(where, one.refused) for one in held if one.refused)[:1],
    )


def by_robots(records: groups.Records, where: str, url: str) -> Heard:
    """What robots.txt says of ``url`` besides who may request it."""
    heard = Heard()
    for value in records.named("content-signal")[:MOST]:
        heard += _usage(value, where, url)
    named = records.named("license")[:MOST]
    terms = tuple(filter(None, (urls.normal(value, where) for value in named)))
    signals = tuple(Signal("rsl", f"License: {value[:900]}", where) for value in named)
    return heard + Heard(signals, terms=terms)


def _usage(value: str, where: str, url: str) -> Heard:
    """One Content-Signal; it may begin with the path that it is for (contentsignals.org)."""
    if value.startswith(("/", "*")):
        path, _, value = value.partition(" ")
        scope = Scope.of(path, url)
        if scope is None or not scope.covers(url):
            return Heard()
    said = {
        name.strip().lower(): answer.strip().lower()
        for name, _, answer in (one.partition("=") for one in value.split(","))
    }
    stopped = said.get("search") in ("no", "n")
    return Heard(
        (Signal("content-signal", value.strip()[:_LONGEST], where),),
        (refusal(where, "Content-Signal: search=no"),) if stopped else (),
    )


def by_ai(rule: ai.Rule, where: str) -> Heard:
    """What ai.txt says: recorded, for it is about models alone."""
    return Heard() if rule.allows else Heard((Signal("ai.txt", rule.words, where),))
