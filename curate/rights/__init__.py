"""What may be done with a resource, and why. Fails closed: what nobody allows is not allowed.

A model for a tool, not legal advice. Every decision names its rule and its evidence; doubt goes to a
person.
"""

from __future__ import annotations

from curate.rights.credit import credit, license_info
from curate.rights.decide import decide
from curate.rights.evidence import Evidence, digest
from curate.rights.policy import Policy, Use, load

VERSION = 3
"""Raise it when the same statements would be decided otherwise: everything is then decided again."""

__all__ = [
    "VERSION",
    "Evidence",
    "Policy",
    "Use",
    "credit",
    "decide",
    "digest",
    "license_info",
    "load",
]
