"""The wordings that name a licence, or reserve or forbid something, and the ids they come to."""

from __future__ import annotations

import re
from collections.abc import Callable

from curate.model import UNKNOWN
from curate.rights.policy import PORTS, load

RESERVED = "LicenseRef-all-rights-reserved"

CC_URL = re.compile(
    r"(?:https?://)?(?:www\.)?creativecommons\.org/(licenses|publicdomain)/([a-z0-9+\-]+)(?:/(\d\.\d))?(?:/([a-z]{2,8})(?=/|$|\W)(?:\.[\w\-]+)?)?(?:/(?:deed|legalcode|rdf)(?:\.[\w\-]+)?)?/?",
    re.I,
)
_CC_NAME = re.compile(
    r"(?<![\w\-/])(?:cc|creative\s+commons)[\s_\-:]*(?:attribution|by)(?![a-z])"
    r"((?:[\s_\-]*(?:nc|nd|sa|non-?commercial|no-?deriv\w*|share-?alike)(?![a-z]))*)"
    r"(?:[\s_\-]*(?:international|unported|generic|public|licen[cs]e|version|v))*[\s_\-]*(\d\.\d)?"
    r"(?:[\s_\-]*(?:international|unported|generic|public|licen[cs]e))*",
    re.I,
)
_CC0 = re.compile(r"\bcc[\s_\-]?(?:0|zero)\b(?:[\s_\-]*(\d\.\d))?", re.I)
_CC_OLD = re.compile(r"(?:https?://)?web\.resource\.org/cc/PublicDomain/?", re.I)
_GNU_URL = re.compile(
    r"(?:https?://)?(?:www\.)?gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?(a?gpl|lgpl|fdl)(?:-(\d\.\d))?[\w./\-]*",
    re.I,
)
_GNU_NAME = re.compile(
    r"\b(?:gnu\s+)?(a?gpl|lgpl|gfdl|affero\s+general\s+public\s+licen[sc]e|lesser\s+general\s+public\s+licen[sc]e"
    r"|general\s+public\s+licen[sc]e|free\s+documentation\s+licen[sc]e)(-niv)?"
    r"[\s,_\-]*(?:\(?(?:a?gpl|lgpl|gfdl)\)?[\s,]*)?(?:v(?:ersion)?\.?[\s]*)?(\d(?:\.\d)?)"
    r"(\+|[\s,\-]*(?:only|(?:or(?:[\s,\-]*\(?at\s+your\s+option\)?)?[\s,\-]*(?:any[\s\-]+)?later(?:[\s\-]+version)?)))?(?![\d.]*\d)",
    re.I,
)
_NAMED = (
    (re.compile(r"\b(?:the\s+)?(?:MIT|Expat)\s+licen[sc]e(?:\s+\(MIT\))?", re.I), "MIT"),
    (re.compile(r"\bapache\s+(?:software\s+)?licen[sc]e,?\s*(?:v(?:ersion)?\.?)?\s*2(?:\.0)?\b", re.I), "Apache-2.0"),
    (re.compile(r"\bSIL\s+open\s+font\s+licen[sc]e,?\s*(?:v(?:ersion)?\.?)?\s*1\.1\b", re.I), "OFL-1.1"),
    (re.compile(r"https?://(?:scripts|openfontlicense)\.(?:sil\.)?org/(?:OFL)?", re.I), "OFL-1.1"),
    (re.compile(r"https?://(?:www\.)?opensource\.org/licenses?/MIT\b", re.I), "MIT"),
    (re.compile(r"https?://(?:www\.)?apache\.org/licenses/LICENSE-2\.0[\w.]*", re.I), "Apache-2.0"),
)  # fmt: skip
_MARKERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"project\s+gutenberg|small\s+print!", re.I), "LicenseRef-project-gutenberg"),
    (re.compile(r"(?:仅供|僅供)(?:个人|個人)?(?:学习|學習)"), "LicenseRef-study-only"),
    (
        re.compile(r"(?:仅供|僅供)(?:科研|研究)|(?:for\s+)?(?:academic\s+)?research[\s\-]+(?:purposes?[\s\-]+|use[\s\-]+)?only", re.I),
        "LicenseRef-research-only",
    ),
    (re.compile(r"[转轉][载載]\S{0,6}[请請須须][注標标]明", re.I), "LicenseRef-repost-with-credit"),
    (re.compile(r"editorial\s+use\s+only|[仅僅]限编辑用途", re.I), "LicenseRef-editorial-only"),
    (re.compile(r"(?:https?://)?(?:www\.)?unsplash\.com/plus/licen[sc]e|\bunsplash\s?(?:\+|plus)(?:\s+licen[sc]e)?", re.I), "LicenseRef-unsplash-plus"),
    (re.compile(r"(?:https?://)?(?:www\.)?unsplash\.com/licen[sc]e|\bunsplash\s+licen[sc]e", re.I), "LicenseRef-scancode-unsplash"),
    (re.compile(r"(?:https?://)?(?:www\.)?pexels\.com/(?:[\w\-]+/)?licen[sc]e|\bpexels\s+licen[sc]e", re.I), "LicenseRef-pexels"),
    (
        re.compile(r"(?:https?://)?(?:www\.)?pixabay\.com/(?:service/)?(?:license|terms)[\w\-]*|\bpixabay(?:\s+content)?\s+licen[sc]e", re.I),
        "LicenseRef-scancode-pixabay-content",
    ),
    (re.compile(r"(?:https?://)?arxiv\.org/licenses/(?:assumed-1991-2003|nonexclusive-distrib/1\.0)/?", re.I), "LicenseRef-arxiv-nonexclusive"),
    (
        re.compile(r"禁止商用|不得商用|不可商用|不可商业使用|非商[业業](?:用途|使用|性使用)|禁止用于商业|(?:for\s+)?non-?commercial\s+use\s+only", re.I),
        "LicenseRef-no-commercial-use",
    ),
    (
        re.compile(r"(?:严禁|嚴禁|请勿|請勿|禁止|不得|不可|谢绝|謝絕)[^，。；,]{0,6}(?:商用|商[业業]用途|商[业業]使用)|\bno\s+commercial\s+use", re.I),
        "LicenseRef-no-commercial-use",
    ),
    (
        re.compile(r"(?:严禁|嚴禁|请勿|請勿|禁止|不得|谢绝|謝絕)[^，。；,]{0,6}(?:[转轉][载載售]|倒[卖賣]|分发)|未[经經][许許]可.{0,8}不得", re.I),
        "LicenseRef-no-redistribution",
    ),
    (re.compile(r"not\s+for\s+(?:re)?sale|no\s+resale|(?:do\s+not|(?:may|must|can)\s*not\s+be)\s+(?:re)?(?:sell|sold)", re.I), "LicenseRef-no-redistribution"),
    (re.compile(r"(?:for\s+)?personal\s+use\s+only|[仅僅]限(?:个人|個人)使用", re.I), "LicenseRef-personal-use"),
    (
        re.compile(r"[版權权]+所有|all\s+rights\s+(?:are\s+)?reserved|alle\s+rechte\s+vorbehalten|tous\s+droits\s+r[ée]serv[ée]s|todos\s+los\s+derechos\s+reservados", re.I),
        RESERVED,
    ),
)  # fmt: skip


def parts(text: str) -> tuple[list[str], str]:
    """Every licence and marker in ``text``, in order of kind, and what of it says none of them."""
    found: dict[str, None] = {}

    def take(pattern: re.Pattern[str], read: Callable[[re.Match[str]], str]) -> None:
        nonlocal text
        for match in pattern.finditer(text):
            found[read(match)] = None
        text = pattern.sub(" ", text)

    for pattern, license in _MARKERS:
        take(pattern, lambda _, license=license: license)  # type: ignore[misc]
    take(_CC_OLD, lambda _: "CC-PDDC")
    take(CC_URL, _cc_url)
    take(_GNU_URL, _gnu_url)
    for pattern, license in _NAMED:
        take(pattern, lambda _, license=license: license)  # type: ignore[misc]
    take(_GNU_NAME, _gnu_name)
    take(_CC_NAME, _cc_name)
    take(_CC0, lambda match: f"CC0-{match[1] or '1.0'}")
    return list(found), text


def _cc_url(url: re.Match[str]) -> str:
    family, code, version, port = (
        url[1].lower(),
        url[2].lower(),
        url[3] or "",
        (url[4] or "").upper(),
    )
    if family == "publicdomain" or code == "publicdomain":
        return {"zero": "CC0-1.0", "mark": "CC-PDM-1.0"}.get(code, "CC-PDDC")
    if code == "gpl" or code == "lgpl":
        return {"gpl": "GPL-2.0-only", "lgpl": "LGPL-2.1-only"}[code]
    if "sampling" in code:
        return "LicenseRef-cc-sampling"
    if code == "devnations":
        return "LicenseRef-cc-devnations"
    if code == "sa" and version == "1.0":
        return "CC-SA-1.0"
    if not code.startswith("by"):
        return UNKNOWN
    if not version:
        return _unversioned(code.upper())
    id = f"CC-{code.upper()}-{version}"
    if port in ("NC", "ND", "SA"):
        return UNKNOWN
    # Only versions up to 3.0 were ported; "/4.0/zh" is a translation of the page.
    return f"{id}-{port}" if port in PORTS and version != "4.0" else id


def _unversioned(code: str) -> str:
    """Version unsaid: the terms are known, the text is not."""
    return f"LicenseRef-CC-{code}-unversioned"


_GNU = {"affero": "AGPL", "lesser": "LGPL", "general": "GPL", "free": "GFDL"}


def _gnu_name(name: re.Match[str]) -> str:
    family = _GNU.get(name[1].lower().split()[0], name[1].upper())
    version = name[3] if "." in name[3] else f"{name[3]}.0"
    later = "or-later" if name[4] and "only" not in name[4].lower() else "only"
    id = f"{family}-{version}{'-no-invariants' if name[2] else ''}-{later}"
    return id if load().rule(id) else UNKNOWN


def _gnu_url(url: re.Match[str]) -> str:
    family, version = url[1].upper(), url[2]
    if not version:
        return UNKNOWN
    return f"{'GFDL' if family == 'FDL' else family}-{version}-only"


def _cc_name(name: re.Match[str]) -> str:
    terms = re.sub(r"non-?commercial", "nc", name[1].lower())
    terms = re.sub(r"no-?deriv\w*", "nd", re.sub(r"share-?alike", "sa", terms))
    parts = [part for part in ("nc", "nd", "sa") if part in terms]
    if not name[2]:
        return _unversioned("-".join(("BY", *map(str.upper, parts))))
    return "-".join(("CC-BY", *map(str.upper, parts), name[2]))
