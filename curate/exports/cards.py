"""Card codes (卡密): what a buyer gets by itself after paying, one deliverable in one line."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from curate.exports import Fault, Offer
from curate.exports.article import Article, articles
from curate.messages import msg
from curate.model import Message
from curate.shares import BAR, Share

_DIGEST = 12
"""Characters of the SHA-256 that are shown: enough to compare by eye; the whole stands in the .sha256 file."""
_LINKS = frozenset({"http", "https", "ftp", "ftps", "magnet", "ed2k", "thunder"})
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def cards(offers: Sequence[Offer]) -> tuple[list[tuple[Article, list[str]]], list[Fault]]:
    """Each article with its lines, and why the others have none."""
    found, problems = articles(offers, one_currency=False)
    kept: list[tuple[Article, list[str]]] = []
    for article in found:
        codes, faults = lines(article)
        problems += faults
        if codes:
            kept.append((article, codes))
    return kept, problems


def lines(article: Article) -> tuple[list[str], list[Fault]]:
    """One for each share where it lies now; none, and why, where there is no good one."""
    faults = [*_faults(article)]
    if faults:
        return [], faults
    return list(dict.fromkeys(_line(article, share) for share in _open(article))), []


def _open(article: Article) -> list[Share]:
    """Where it lies now, as far as buyers get there: a path on the seller's computer is no link."""
    return [
        share
        for share in article.shares
        if share.verb in ("put", "back") and urlsplit(share.url).scheme.lower() in _LINKS
    ]


def _faults(article: Article) -> Iterator[Fault]:
    product = article.product
    there = _open(article)
    if not there:
        yield Fault(
            product.name,
            _why(product.version, article.shares),
            msg(
                "put it somewhere with curate publish {name} --to TARGET, or tell where you put it yourself with curate publish record {name} --url ADDRESS",
                name=shlex.quote(product.name),
            ),
        )
    for share in there:
        for value in (share.url, share.code, share.expires):
            if BAR in value or any(unicodedata.category(char) in _UNSAFE for char in value):
                yield Fault(
                    product.name,
                    msg(
                        "its share on {target} holds “{bar}”, a line end or a control character: {value}",
                        target=share.target,
                        bar=BAR,
                        value=repr(value),
                    ),
                    msg(
                        "drop it, and record it again with curate publish record {name}",
                        name=shlex.quote(product.name),
                    ),
                )


def _why(version: str, shares: Sequence[Share]) -> Message:
    if not shares:
        return msg(
            "there is nothing to deliver for {version}: no share of it is recorded", version=version
        )
    if all(share.verb == "gone" for share in shares):
        return msg(
            "there is nothing to deliver for {version}: all its shares are gone", version=version
        )
    return msg(
        "there is nothing to deliver for {version}: no buyer gets to {url}",
        version=version,
        url=shares[0].url,
    )


def _line(article: Article, share: Share) -> str:
    """In Chinese: all these machines are. Whoever sells in English puts it in the product's own text."""
    parts = [f"链接：{share.url.strip()}"]
    if share.code.strip():
        parts.append(f"提取码：{share.code.strip()}")
    if share.expires.strip():
        parts.append(f"有效期至：{share.expires.strip()}")
    archives = share.archives or article.product.archives
    if len(archives) == 1:
        parts.append(f"校验 SHA-256：{archives[0].sha256[:_DIGEST]}")
    return " ".join(parts)
