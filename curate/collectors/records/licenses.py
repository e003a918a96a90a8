"""The codes and addresses by which services name Creative Commons licences → SPDX ids.

"" where the version is not said or anything is left over: then the words themselves have to be judged.
"""

from __future__ import annotations

import re

PUBLIC = "CC-PDM-1.0"
"""The mark of the public domain: what a service means that says no more than that."""
OWNERLESS = frozenset(("CC0-1.0", PUBLIC, "CC-PDDC"))
"""Under these nobody keeps rights that could be theirs."""

_VERSIONS = ("1.0", "2.0", "2.1", "2.5", "3.0", "4.0")
_CODE = re.compile(
    r"(?:cc-)?(by(?:-(?:nc|nd|sa))*)"
    r"(?:-(\d\.\d)(?:-(?:migrated|([a-z]{2}|igo|scotland))|(?:[,-]\d\.\d)+)?)?"
)
_URL = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(licenses|publicdomain)/([a-z+-]+)/"
    r"(?:(\d\.\d)(?:/([a-z]{2}|igo|scotland))?/?)?(?:(?:deed|legalcode)(?:[.-][a-z_-]{2,10})?)?"
)


def of_code(code: str, version: str = "") -> str:
    """``by-sa`` with its version beside it, or ``cc-by-sa-3.0-de`` with all in one."""
    code = code.strip().lower()
    if code in ("cc0", "cc-zero", "cc0-1.0") and version in ("", "1.0"):
        return "CC0-1.0"
    if code == "pdm" and version in ("", "1.0"):
        return PUBLIC
    if code == "cc-pd" and not version:
        return "CC-PDDC"
    found = _CODE.fullmatch(code)
    return _id(found[1], found[2] or version, found[3] or "") if found else ""


def of_name(name: str) -> str:
    """``CC BY-SA 3.0 de``: the code, as people write it."""
    return of_code("-".join(name.lower().split()))


def of_url(url: str) -> str:
    found = _URL.fullmatch(url.strip().lower())
    if not found:
        return ""
    family, code, version = found[1], found[2], found[3] or ""
    if family == "publicdomain":
        return {("zero", "1.0"): "CC0-1.0", ("mark", "1.0"): PUBLIC}.get((code, version), "")
    if code == "publicdomain":
        return "CC-PDDC"
    # Version 4.0 was never adapted to countries: what follows it is the language of the page.
    return _id(code, version, "" if version == "4.0" else found[4] or "")


def _id(terms: str, version: str, port: str) -> str:
    parts = terms.split("-")
    twice = len(set(parts)) < len(parts) or {"nd", "sa"} <= set(parts)
    if parts[0] != "by" or twice or version not in _VERSIONS or (port and version == "4.0"):
        return ""
    kept = [part for part in ("by", "nc", "nd", "sa") if part in parts]
    return "-".join(["cc", *kept, version, *([port] if port else [])]).upper()
