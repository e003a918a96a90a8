"""The tables of shop.db: orders, what is served for them, what came of it; people; the books.

Money is in minor units of a currency (cents, 分), times are seconds since 1970 in UTC. Columns whose
``info`` says ``personal`` hold what tells who somebody is: see ``curate.database.personal``. Access codes
of buyers are nowhere here, only their hashes: see ``curate.shop.keys``.
"""

from __future__ import annotations

from curate.database.tables.base import PERSONAL, SENSITIVE, metadata
from curate.database.tables.books import (
    affiliates,
    attributions,
    clicks,
    commissions,
    costs,
    coupons,
    introductions,
    payouts,
    periods,
    pools,
    rules,
    settlements,
)
from curate.database.tables.people import (
    STAGES,
    audits,
    campaigns,
    consents,
    contacts,
    cursors,
    erasures,
    events,
    identities,
    moves,
    touches,
    visits,
)
from curate.database.tables.shop import (
    acknowledgements,
    alerts,
    attempts,
    codes,
    deliveries,
    entries,
    grants,
    letters,
    lines,
    nonces,
    orders,
    outbox,
    postings,
    refunds,
    steps,
    tickets,
)

__all__ = [
    "PERSONAL", "SENSITIVE", "STAGES", "acknowledgements", "affiliates", "alerts", "attempts", "attributions",
    "audits", "campaigns", "clicks", "codes", "commissions", "consents", "contacts", "costs", "coupons",
    "cursors", "deliveries", "entries", "erasures", "events", "grants", "identities", "introductions",
    "letters", "lines", "metadata", "moves", "nonces", "orders", "outbox", "payouts", "periods", "pools", "postings",
    "refunds", "rules", "settlements", "steps", "tickets", "touches", "visits",
]  # fmt: skip
