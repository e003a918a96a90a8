"""What was spent: advertising, the team's hours, all other things. Each cost counts once, and is in the ledger.

    take_ads(shop, path)     what advertising systems export, in the columns of Yandex Metrica
    take_team(shop, path)    month, person_ref, hours, rate, channel
    add(shop, ...)           one cost by hand
    listed(shop, period)     what is known

Costs are only ever added: a mistake is put right by another one, below zero where it has to be.
"""

from __future__ import annotations

from curate.books.costs.ads import take_ads
from curate.books.costs.booking import Cost, Taken
from curate.books.costs.byhand import add
from curate.books.costs.listing import Listed, listed
from curate.books.costs.team import take_team

__all__ = ["Cost", "Listed", "Taken", "add", "listed", "take_ads", "take_team"]
