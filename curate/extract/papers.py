"""What an archive that stays whole says about rights: its licence files, its READMEs, its REUSE tags.

Each speaks of what lies with it, so it can forbid the archive, never allow it. Only whose work it is, is told
of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from curate.extract import notices, spdx_tags
from curate.extract.claims import OWNED, claim, verbatim
from curate.extract.clean import line
from curate.extract.decode import decode
from curate.model import Statement

MOST = 20
"""Papers of one archive that are read, the outermost first."""

HEAD = 64 * 2**10
"""Bytes of each; the longest licences have half of that."""

_TEXT = (
    r"(?:\.(?:txt|text|md|mkd|markdown|mdown|rst|adoc|asciidoc|org|html?|pdf|docx?|rtf|odt|pages))?"
)
_KIND = (
    r"(?:agreement|terms|texts?|files?|info|notices?|header|deed|summary|code|data|content|assets|media|images|photos"
    r"|icons|fonts|music|commercial|personal|extended|standard|third|3rd|party|apache|mit|l?a?gpl|gfdl|bsd|isc|mpl|epl"
    r"|eupl|cc\d?|by|nc|nd|sa|ofl|odbl|zlib|plr|mrr|en|zh|cn|de|fr|ja|v?\d[\d.]*)"
)
_CODE = re.compile(
    r"\.(?:py|[mc]?[jt]sx?|java|kt|go|c|h|cc|cpp|hpp|cs|rb|php|rs|sh|bat|ps1|s?css|json|ya?ml|toml|xml|ini|csv|tsv"
    r"|xlsx?|pptx?|db|sqlite|zip|gz|7z|rar|png|jpe?g|gif|webp|svg|bmp|tiff?|ico|mp[34]|wav|mov|avi|psd|ai|eps|[ot]tf"
    r"|woff2?|exe|dll|so|lib|license|key|lic)$",
    re.I,
)
_LICENCE = re.compile(
    rf"(?:(?:un)?licen[cs]es?|copying|copyright|lizenz|eula|terms)(?:[-_. ]{_KIND})*{_TEXT}"
    r"|(?-i:(?:UN)?LICEN[CS]ES?|COPYING)[-_. ].*"
    r"|(?:.*[\s_.\-!])?(?:eula|licen[cs]e|lizenz|resell[ _-]?rights?|plr|mrr|terms(?:[ _-]of[ _-](?:use|sale|service))?|copyright|ofl|tos)"
    r"(?:[\s_-](?:agreement|terms|info|text))?\.(?:txt|md|html?|pdf|docx?|rtf)",
    re.I,
)
_CHINESE = re.compile(
    r"(?:许可证?|許可證?|授权|授權|版权|版權|使用条款|使用條款|禁止商用)"
    r"(?:声明|聲明|信息|資訊|说明|說明|协议|協議|文件|文档|书|書|条款|條款|须知|須知|公告|范围|範圍|证明|證明|证书|證書|归属|歸屬"
    r"|所有|许可|許可|授权|授權)*+(?:[-_. (（\[【\d]|$)"
)
"""Chinese names end with what they are."""
_LONGEST = 250
"""Characters of a name that are looked at."""
_README = re.compile(
    r"(?:read[ _-]?me(?:[-_. ][\w-]{1,12})?|(?:使用)?(?:说明|說明|须知|須知).{0,4}|自述文件|读我|讀我|credits?|notice)"
    r"(?:\.(?:txt|text|md|mkd|markdown|mdown|rst|adoc|asciidoc|org|html?))?",
    re.I,
)
_TAGGED, _TABLE, _FOLDER = ".license", "reuse.toml", "licenses"
_UNREADABLE = re.compile(r"\.(?:pdf|docx?|rtf|odt|pages)$", re.I)
"""Formats that hold a licence often, and whose words are not read here."""
_SEPARATORS = re.compile(r"[/\\]")
_NOTICE = re.compile(
    r"\W{0,4}((?:copyright|\(c\)|©|版[权權]所有)[\s:：]*(?:\(c\)|©)?[\s:]*\d{4}\b.*)", re.I
)
_SIGN = re.compile(r"^(?:\s|copyright|\(c\)|©|版[权權]所有|[,:：;–—-]|\d{4}\b|by\b)+", re.I)


class Paper(NamedTuple):
    """A file of an archive that speaks of rights, as far as it was read."""

    name: str  # its path in the archive
    data: bytes | None  # None: it cannot be read
    whole: bool = True


def sounds(name: str) -> bool:
    """Does a path in an archive sound as if the file spoke about rights?"""
    base = _base(name).lower()
    return (
        _is_licence(name) or _README.fullmatch(base) is not None or base == _TABLE
        or base.endswith(_TAGGED)
    )  # fmt: skip


def written(raw: bytes, is_utf8: bool = False) -> str:
    """A name whose writing nobody states: that in which it sounds like a paper, if there is one."""
    readings = ("utf-8",) if is_utf8 else ("utf-8", "gb18030", "big5hkscs", "cp932")
    for encoding in readings:
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if sounds(name):
            return name
    return decode(raw)


def rank(name: str) -> tuple[int, str]:
    """The outermost first: they speak of the most."""
    return len(_parts(name)), name


def statements(papers: Sequence[Paper], left: int, where: str) -> Iterator[Statement]:
    """What the papers of the archive ``where`` say; ``left`` more of them were not read."""
    papers = sorted(papers, key=lambda paper: rank(paper.name))
    licensed = {_above(paper.name) for paper in papers if _is_licence(paper.name)}
    told = [list(_said(one, where, _above(one.name) in licensed)) for one in papers]
    # What forbids comes before whose it is: only so many are kept.
    for owned in (False, True):
        yield from (one for said in told for one in said if (one.license == OWNED) is owned)
    if left:
        raw = f"{left} more files about rights were not read"
        yield claim(raw, "license-file", where, component="file:…")


def _said(paper: Paper, where: str, licensed: bool) -> Iterator[Statement]:
    at = f"{where}/{line(paper.name)}"
    part = f"file:{line(paper.name, 100)}"
    text = _words(paper)
    if text is None:
        if not _README.fullmatch(_base(paper.name)):
            raw = f"{_base(paper.name)} cannot be read"
            yield claim(raw, "license-file", at, component=part)
        return
    for one in _spoken(paper, text, at, licensed):
        if one.license == OWNED:
            yield one
        else:
            yield replace(one, component=part)


def _spoken(paper: Paper, text: str, at: str, licensed: bool) -> Iterator[Statement]:
    base = _base(paper.name).lower()
    if base == _TABLE:
        yield from _table(text, at)
        return
    if tagged := spdx_tags.statements(text, at):
        yield from tagged
        yield from _owned([one.holder for one in tagged if one.holder], at)
        if base.endswith(_TAGGED):
            return
    if _is_licence(paper.name):
        yield from _licence(paper, text, at)
    elif base.endswith(_TAGGED):
        yield claim(text, "reuse-sidecar", at)
    else:
        yield from _readme(text, at, licensed)


def _licence(paper: Paper, text: str, at: str) -> Iterator[Statement]:
    from curate.spdx import detect
    from curate.spdx import text as official

    if _DEBIAN.match(text):
        yield from _debian(text, at)
        return
    found = detect(text) if paper.whole else None
    if found is None:
        ending = "" if paper.whole else " … not read to its end"
        yield claim(f"{verbatim(text)[:900]}{ending}", "license-file", at)
        yield from _marks(text, at)
        return
    makers = _makers(text, official(found.id))
    holder = "; ".join(_SIGN.sub("", one) for one in makers)
    yield claim(
        text[:200], "license-file", at, holder=holder, license=found.id,
        attribution="; ".join(makers),
    )  # fmt: skip
    yield from _owned(makers, at)


_DEBIAN = re.compile(r"Format: *https?://\S*(?:copyright-format|dep5?|DEP5?)", re.I)
_FIELD = re.compile(r"^(License|Copyright):[ \t]*(\S[^\n]*)", re.M)


def _debian(text: str, at: str) -> Iterator[Statement]:
    """What a machine-readable debian/copyright names, of whatever files of the archive."""
    found = dict.fromkeys(_FIELD.findall(text))
    licences = [raw for field, raw in found if field == "License"]
    for raw in licences[:MOST]:
        yield claim(raw, "debian-copyright", at)
    if len(licences) > MOST:
        yield claim(f"{len(licences) - MOST} more licences were not read", "debian-copyright", at)
    yield from _owned([raw for field, raw in found if field == "Copyright"][:MOST], at)


def _readme(text: str, at: str, licensed: bool) -> Iterator[Statement]:
    """``licensed``: a licence file beside it speaks already, which a README cannot loosen."""
    from curate.spdx import detect, licence_section

    section = "" if licensed else licence_section(text)
    if section:
        found = detect(section)
        yield claim(section, "readme", at, license=found.id if found else "")
    yield from _marks(text, at)


def _marks(text: str, at: str) -> Iterator[Statement]:
    """The markers in a prose text; a line that only tells whose it is, is said of the whole."""
    for one in notices.statements(text, at):
        owned = _MARK.search(one.raw) and _plain(one.raw)
        yield replace(one, license=OWNED) if owned else one


_MARK = re.compile(r"©|\(c\)|\bcopyright\b", re.I)
_MORE = re.compile(
    r"licen|right|reserv|permi|\bonly|\bnot?\b|\bcc\b|creative|commercial|domain|禁|得|可|仅|僅|权|權|转|轉|所有",
    re.I,
)


def _plain(raw: str) -> bool:
    """Does it tell nothing but whose it is?"""
    return _MORE.search(re.sub(r"(?i)\bcopyright\b", "", raw)) is None


def _makers(text: str, of_licence: str) -> list[str]:
    """Its lines that say whose work it is; not those about the words of the licence itself."""
    of_licence = of_licence.lower()
    lines = (" ".join(one.split()) for one in text[:20_000].splitlines()[:400])
    found = (match[1].rstrip(" \\*-#") for one in lines if (match := _NOTICE.fullmatch(one)))
    return list(dict.fromkeys(one[:200] for one in found if one[:60].lower() not in of_licence))[:5]


def _owned(notices: Iterable[str], at: str) -> Iterator[Statement]:
    for one in notices:
        raw = one if _MARK.search(one) else f"© {one}"
        yield claim(raw, "license-file", at, license=OWNED)


def _table(text: str, at: str) -> Iterator[Statement]:
    """What a REUSE.toml names, of whatever files of the archive."""
    import tomllib

    try:
        entries: Any = tomllib.loads(text).get("annotations", [])
    except (tomllib.TOMLDecodeError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        yield claim("REUSE.toml cannot be read", "reuse", at)
        return
    for entry in entries[:MOST]:
        found = entry if isinstance(entry, dict) else {}
        for raw in _strings(found.get("SPDX-License-Identifier")):
            yield claim(raw, "reuse", at)
        yield from _owned(_strings(found.get("SPDX-FileCopyrightText")), at)
    if len(entries) > MOST:
        yield claim(f"{len(entries) - MOST} more tables were not read", "reuse", at)


def _strings(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str) and one.strip()][:MOST]


def _words(paper: Paper) -> str | None:
    """The text of a paper; None where it is none or cannot be read."""
    data = paper.data
    if data is None or _UNREADABLE.search(paper.name):
        return None
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    text = decode(data)
    if re.search(r"\.html?$", paper.name, re.I):
        from selectolax.lexbor import LexborHTMLParser

        page = LexborHTMLParser(text)
        page.strip_tags(["script", "style", "head"])
        links = [link.attributes.get("href") or "" for link in page.css("a[href]")[:100]]
        named = [link for link in links if "creativecommons.org/" in link]
        text = "\n".join((page.text(separator="\n"), *named))
    return text


def _is_licence(name: str) -> bool:
    parts = _parts(name)
    if len(parts) > 1 and parts[-2].lower() == _FOLDER and "." in parts[-1]:
        return True
    base = _base(name)
    if _CODE.search(base) or _README.fullmatch(base):
        return False
    return _LICENCE.fullmatch(base) is not None or _CHINESE.search(base) is not None


def _parts(name: str) -> list[str]:
    return _SEPARATORS.split(name)


def _base(name: str) -> str:
    return _parts(name)[-1][-_LONGEST:]


def _above(name: str) -> tuple[str, ...]:
    return tuple(_parts(name)[:-1])
