"""The only network code: polite, bounded requests.

A URL has two sides here. The *logical* one is what everybody else sees: locators, messages, robots
rules. The *physical* one is where the bytes come from; it differs only for origins that
``settings.hosts`` maps to another server.
"""

from curate.fetch.addresses import origin, shown
from curate.fetch.answer import Fetched, StatusError
from curate.fetch.fetcher import Fetcher
from curate.fetch.patience import HOPS

__all__ = ["HOPS", "Fetched", "Fetcher", "StatusError", "origin", "shown"]
