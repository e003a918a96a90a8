"""Which files in some folders have the same bytes, before anything is collected.

Only looks: nothing is deleted, linked or written beside what is looked at. Files are the same when their
SHA-256 is, the digest that the store names things by; those of a size that no other file has are not
read. What was read is remembered (``memory``), so that the next look reads only what is new.
"""

from __future__ import annotations

from curate.doubles.found import Found, Group, LeftOut
from curate.doubles.groups import search

__all__ = ["Found", "Group", "LeftOut", "search"]
