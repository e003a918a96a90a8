"""What places say about rights → SPDX expressions; what is not understood becomes a LicenseRef."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from curate.rights.policy import load, spdx

UNKNOWN = "LicenseRef-unknown"
NOTICE = "LicenseRef-copyright-notice"
"""A bare "© somebody": it says who holds the rights, not what is allowed."""

_CC_URL = re.compile(
    r"(?:creativecommons\.org|cc0\.org)/(licenses|publicdomain)/([a-z0-9+\-]+)(?:/(\d\.\d))?(?:/([a-z]{2,3})(?=/|$))?",
    re.I,
)
_CC_NAME = re.compile(
    r"\b(?:cc|creative\s+commons)[\s_\-:]*(?:attribution|by)"
    r"((?:[\s_\-]*(?:nc|nd|sa|non-?commercial|no-?deriv\w*|share-?alike))*)"
    r"(?:[\s_\-]*(?:international|unported|licen[cs]e|version|v)?)*[\s_\-]*(\d\.\d)?",
    re.I,
)
_CC0 = re.compile(r"\bcc[\s_\-]?(?:0|zero)\b(?:[\s_\-]*(\d\.\d))?", re.I)
_GNU_URL = re.compile(
    r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?(a?gpl|lgpl|fdl)(?:-(\d\.\d))?", re.I
)
_MARKERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"project\s+gutenberg|small\s+print!", re.I), "LicenseRef-project-gutenberg"),
    (re.compile(r"仅供(?:个人)?学习"), "LicenseRef-study-only"),
    (
        re.compile(r"禁止商用|不得商用|非商业(?:用途|使用)|禁止用于商业"),
        "LicenseRef-no-commercial-use",
    ),
    (re.compile(r"禁止转载|未经许可.{0,8}不得"), "LicenseRef-no-redistribution"),
    (re.compile(r"版权所有|all\s+rights\s+reserved", re.I), "LicenseRef-all-rights-reserved"),
)
_NOTICE = re.compile(r"©|\(c\)\s*\d{4}|\bcopyright\b|版权", re.I)
_DEBIAN = {
    "gpl-2+": "GPL-2.0-or-later", "gpl-2": "GPL-2.0-only", "gpl-3+": "GPL-3.0-or-later", "gpl-3": "GPL-3.0-only",
    "lgplv3": "LGPL-3.0-only", "gplv3": "GPL-3.0-only", "gplv2": "GPL-2.0-only", "apache 2.0": "Apache-2.0",
    "public domain": "CC-PDM-1.0", "public-domain": "CC-PDM-1.0", "pd": "CC-PDM-1.0", "pdm": "CC-PDM-1.0",
}  # fmt: skip


@lru_cache(4096)
def normalise(raw: str) -> str:
    """An SPDX expression or LicenseRef for what ``raw`` (a URL, a name, a sentence) says.

    ``LicenseRef-unknown`` where it cannot be told: nothing allows that, so doubt stays doubt.
    """
    text = " ".join(unicodedata.normalize("NFKC", raw).split())
    if not text:
        return UNKNOWN
    for read in (_from_cc_url, _from_gnu_url, _from_marker, _from_spdx, _from_name):
        if found := read(text):
            return found
    return NOTICE if _NOTICE.search(text) else UNKNOWN


def _from_cc_url(text: str) -> str:
    url = _CC_URL.search(text)
    if not url:
        return ""
    family, code, version, port = (
        url[1].lower(),
        url[2].lower(),
        url[3] or "",
        (url[4] or "").upper(),
    )
    if family == "publicdomain" or code == "publicdomain":
        return {"zero": "CC0-1.0", "mark": "CC-PDM-1.0"}.get(code, "CC-PDDC")
    if not code.startswith("by"):
        return UNKNOWN  # sampling+, devnations and other retired ones
    if not version:
        return UNKNOWN
    # Only versions up to 3.0 were ported; "/4.0/zh" is a translation of the page.
    nation = (
        f"-{port}"
        if port and version in ("2.0", "2.5", "3.0") and port not in ("EN", "ZH", "LEG")
        else ""
    )
    return f"CC-{code.upper()}-{version}{nation}"


def _from_gnu_url(text: str) -> str:
    url = _GNU_URL.search(text)
    if not url:
        return ""
    family, version = url[1].upper(), url[2]
    if not version:
        return UNKNOWN
    return f"{'GFDL' if family == 'FDL' else family}-{version}-or-later"


def _from_marker(text: str) -> str:
    return next((license for pattern, license in _MARKERS if pattern.search(text)), "")


def _from_spdx(text: str) -> str:
    if text.lower() in _DEBIAN:
        return _DEBIAN[text.lower()]
    if load().rule(text):
        return text
    if not re.fullmatch(r"[A-Za-z0-9.+\-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+\-]+)*|\(.*\)", text):
        return ""
    from license_expression import ExpressionError

    licensing = spdx()
    try:
        tree = licensing.parse(text)
    except ExpressionError:
        return ""
    if tree is None or licensing.unknown_license_keys(tree):
        return text if text.startswith("LicenseRef-") and " " not in text else ""
    return str(tree)


def _from_name(text: str) -> str:
    if zero := _CC0.search(text):
        return f"CC0-{zero[1] or '1.0'}"
    name = _CC_NAME.search(text)
    if not name:
        return ""
    terms = re.sub(r"non-?commercial", "nc", name[1].lower())
    terms = re.sub(r"no-?deriv\w*", "nd", re.sub(r"share-?alike", "sa", terms))
    parts = [part for part in ("nc", "nd", "sa") if part in terms]
    if not name[2]:
        # Version unsaid: the terms are known, the text is not. Non-commercial stays refused, the rest is asked.
        return "CC-BY-NC-4.0" if "nc" in parts else UNKNOWN
    return "-".join(("CC-BY", *map(str.upper, parts), name[2]))
