"""What is known, in SQLite: the only SQL about resources.

One process writes (it holds the workspace's lock), any number read. Keys are integers and hashes are
32-byte BLOBs, which keeps a resource at some hundred bytes and look-ups at microseconds. Facts belong
to a resource; what a collection makes of it (its label and its decision) belongs to a *member*.
"""

from __future__ import annotations

from curate.catalog.facts import ContentFacts, Stage, int64s
from curate.catalog.matches import Matches, Side, Standing
from curate.catalog.members import Member, Members, Words
from curate.catalog.sightings import Place, Sighting, State
from curate.catalog.tours import Tours


class Catalog(Tours, ContentFacts, Matches, Members):
    """An open catalogue. Use as a context manager."""


__all__ = [
    "Catalog",
    "Member",
    "Place",
    "Side",
    "Sighting",
    "Stage",
    "Standing",
    "State",
    "Words",
    "int64s",
]
