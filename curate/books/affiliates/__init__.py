"""Who sells for a share: the register, their codes, what is paid out to them, how both systems do apart.

What they earn is posted with each sale, by ``curate.shop.commission``. ``register`` (who they are),
``accounts`` (where their money goes, only as they agreed), ``coupons``, ``links``, ``clicks``, ``balances``,
``payouts``, ``statement`` (what one of them gets to see: no buyer), ``distribution`` (direct and affiliate
sales side by side), ``compliance`` (levels, heads, what is paid for).
"""

from __future__ import annotations

from curate.books.affiliates.distribution import report

__all__ = ["report"]
