"""What may be done with a resource, and why. Fails closed: what nobody allows is not allowed.

A model for a tool, not legal advice. Every decision names its rule and its evidence; doubt goes to a
person.
"""

from __future__ import annotations

from curate.rights.credit import credit, license_info, license_terms
from curate.rights.decide import decide
from curate.rights.evidence import Evidence, digest, expression
from curate.rights.grants import exceeded, invalid
from curate.rights.policy import FILE, Policy, Use, file, load

VERSION = 3
"""Raise it when the same statements would be decided otherwise: everything is then decided again."""

__all__ = [
    "FILE",
    "VERSION",
    "Evidence",
    "Policy",
    "Use",
    "credit",
    "decide",
    "digest",
    "exceeded",
    "expression",
    "file",
    "invalid",
    "license_info",
    "license_terms",
    "load",
]
