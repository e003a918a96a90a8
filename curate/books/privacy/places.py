"""Where personal data lies beside the columns of the database: in files that curate writes, in those that the seller
makes with it, and with others."""

from __future__ import annotations

from typing import NamedTuple

from curate.messages import msg
from curate.model import Message


class Place(NamedTuple):
    """``erased``: what becomes of it when somebody is erased."""

    where: str
    holds: Message
    erased: Message


def places() -> tuple[Place, ...]:
    """All that is known."""
    none = msg("nothing: there is none in it")
    return (
        Place(
            "shop.db, shop.db-wal",
            msg("the columns of this map"),
            msg("blanked or deleted, and the file written anew without a byte of it"),
        ),
        Place(
            ".curate/stamped/SERIAL/",
            msg("copies of files with the line that says for which order, or buyer, they are"),
            msg("deleted; also by curate privacy retain when the order's time is over"),
        ),
        Place(
            "erasures.jsonl",
            msg("keyed hashes of who was erased and of their paid orders, and when"),
            msg("grows by a line"),
        ),
        Place("keys/", msg("the secret by which hashes and codes are made; of nobody"), none),
        Place(
            msg("log of curate serve").text,
            msg(
                "time, the network of an address (its last part is 0), method, first part of the path, status"
            ),
            none,
        ),
        Place(
            ".curate/answers/, .curate/index/, .curate/catalog.db, collections/, evidence/",
            msg(
                "the library: authors and rights of what is packaged, what the seller decided and looked for"
            ),
            msg(
                "nothing: they say nothing of buyers; who is an author there is named because the licence asks it"
            ),
        ),
        Place(
            msg("files that you write: curate privacy export, payout batches, reports").text,
            msg("what you asked for"),
            msg("nothing: delete them when they have done their service"),
        ),
        Place(
            msg("files of curate shop backup, and copies of shop.db").text,
            msg("everything, as it was then"),
            msg(
                "nothing until they are restored: then the journal forgets again who was erased since"
            ),
        ),
        Place(
            msg("order files, tables of contacts and letters that you imported").text,
            msg("what stood in them"),
            msg(
                "nothing: delete them; imported again they bring nobody back who has not paid an order since"
            ),
        ),
        Place(
            msg("the mail server, the channels, the payment services, nginx's own logs").text,
            msg("messages that were sent, orders, addresses"),
            msg("nothing: ask each of them; nginx's logs hold addresses, let logrotate end them"),
        ),
        Place(
            msg("codes of affiliates and coupons, numbers of orders, the ledger").text,
            msg(
                "names that you or a channel gave; the ledger is append-only and names accounts by them"
            ),
            msg("nothing: give no code that is somebody's name"),
        ),
    )
