"""What may be packaged of a collection, and what people decide about it: one door to both."""

from __future__ import annotations

from curate.pipeline.decisions import Ask, Decided, decide
from curate.pipeline.rulings import Group, Ruling, Summary, Which, rulings, summary

__all__ = ["Ask", "Decided", "Group", "Ruling", "Summary", "Which", "decide", "rulings", "summary"]
