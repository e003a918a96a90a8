"""闲管家's open platform: bodies of product/batchCreate, and of kami/storage/create where there are shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from curate.exports import Fault, Offer
from curate.exports.article import Article, another, articles
from curate.exports.cards import lines
from curate.exports.pictures import Picture, Pictures
from curate.messages import msg
from curate.model import Message

_AT_ONCE = 50
"""Products in one call."""
_TITLE, _CONTENT, _IMAGES = 30, (5, 5000), 30
"""Characters, characters, and how many; as stated for the version before the current one."""
_KAMI = {"kind_id": 0, "cost": 0, "is_cover": False, "is_repeat": True, "is_priority": True}
_OWN = "channel_cat_id, user_name, province, city and district (and kind_id of each kami file)"


class XianguanjiaExport:
    """``products-N.json`` of at most 50 products each, ``kami/HANDLE.json`` for what is delivered by itself,
    and ``images/``. What only the seller's account knows is left empty: category, shop and place."""

    checked = "schema"

    def __init__(self, images: str = "") -> None:
        self.images = images

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = articles(offers, one_currency=False)
        pictures = Pictures(folder / "images", self.images)
        rows, kept = [], []
        for article in found:
            faults = [*_faults(article)]
            problems += faults
            if not faults:
                shown, missing = pictures.of(article)
                problems += missing
                kept.append(article)
                rows.append(_row(article, [one for one in shown if one.url]))
        problems += pictures.homeless("xianguanjia")
        files = [
            _save(
                folder / f"products-{n // _AT_ONCE + 1}.json",
                {"product_data": rows[n : n + _AT_ONCE]},
            )
            for n in range(0, len(rows), _AT_ONCE)
        ]
        if files:
            problems.append(
                Fault(
                    "xianguanjia",
                    msg("fill in {fields}", fields=_OWN),
                    msg("they belong to your account"),
                    "warning",
                )
            )
        kami, faults = _kami(kept, folder / "kami")
        return [*files, *kami, *pictures.files()], [*problems, *faults]


def _faults(article: Article) -> Iterator[Fault]:
    product, words = article.product, article.within("zh")
    least, most = _CONTENT
    if product.currency != "CNY":
        yield _fault(
            product.name,
            msg("its price is in {currency}; 闲管家 takes CNY", currency=product.currency),
            "listing.currency",
        )
    elif not article.price:
        yield _fault(
            product.name, msg("it is free; 闲管家 takes one fen at least"), "listing.price"
        )
    if not 1 <= len(words.title) <= _TITLE:
        yield _fault(
            product.name,
            msg(
                "its {what} has {n} characters; 闲管家 takes {least} to {most}",
                what="title",
                n=len(words.title),
                least=1,
                most=_TITLE,
            ),
            "title",
        )
    if not least <= len(words.description) <= most:
        yield _fault(
            product.name,
            msg(
                "its {what} has {n} characters; 闲管家 takes {least} to {most}",
                what="description",
                n=len(words.description),
                least=least,
                most=most,
            ),
            "description",
        )


def _fault(name: str, what: Message, key: str) -> Fault:
    return Fault(name, what, another(key))


def _row(article: Article, shown: Sequence[Picture]) -> dict[str, Any]:
    words = article.within("zh")
    shop = {
        "user_name": "", "province": 0, "city": 0, "district": 0, "title": words.title,
        "content": words.description,  # plain text: HTML is refused, lines end with \n
        "images": [one.url for one in shown[:_IMAGES]],
    }  # fmt: skip
    return {
        "item_key": article.handle, "outer_id": article.sku,
        "item_biz_type": 2,  # 普通商品
        "sp_biz_type": 99,  # 其他
        "channel_cat_id": "",
        "price": int(article.price * 100), "original_price": int(article.price * 100), "express_fee": 0,  # 分
        "stock": 9999, "stuff_status": 0, "publish_shop": [shop],
    }  # fmt: skip


def _kami(kept: Sequence[Article], folder: Path) -> tuple[list[Path], list[Fault]]:
    """Goods can be listed before there is a share to deliver, so that is a warning here."""
    files: list[Path] = []
    problems: list[Fault] = []
    for article in kept:
        codes, faults = lines(article)
        problems += [replace(fault, severity="warning") for fault in faults]
        if codes:
            folder.mkdir(exist_ok=True)
            cards = [
                {"card_no": f"{article.sku}-{number}", "card_pwd": code}
                for number, code in enumerate(codes, 1)
            ]
            files.append(_save(folder / f"{article.handle}.json", {**_KAMI, "cards": cards}))
    return files, problems


def _save(path: Path, body: Any) -> Path:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n")
    return path
