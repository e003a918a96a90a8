"""Licence files and READMEs: what they say in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec.structs import replace

from curate.collectors.beside.owners import owners
from curate.collectors.beside.paper import MAX_RAW, Paper, Unreadable, decoded
from curate.model import Statement

MAX_TEXT = 200_000
"""Bytes of a licence file or README that are read; the longest licences have a quarter of that."""
MOST = 20
"""Licence files of one folder that are read."""
_FIRST, _OPENING, _SECTION = 300, 200, 500

_TEXT = r"(?:\.(?i:txt|text|md|mkd|markdown|mdown|rst|adoc|asciidoc|org|html?|tex))?"
_CODE = (
    r"(?!(?i:.*\.(?:py|js|mjs|ts|tsx|jsx|java|kt|go|c|h|cc|cpp|hpp|cs|rb|php|rs|sh|bat|ps1|css|scss|json|ya?ml|toml|xml"
    r"|ini|csv|tsv|xlsx?|pptx?|db|sqlite|zip|gz|7z|rar|png|jpe?g|gif|webp|svg|bmp|tiff?|ico|mp[34]|wav|mov|avi"
    r"|psd|ai|eps|ttf|otf|woff2?|exe|dll|so|lib|license|key|lic)$))"
)
_KIND = (
    r"(?:agreement|terms|texts?|files?|info|notices?|header|deed|summary|docs?|code|data|content|assets|media|images|photos"
    r"|icons|fonts|music|commercial|personal|extended|standard|third|3rd|mit|apache|l?a?gpl|gfdl|bsd|isc|mpl|epl|eupl"
    r"|cc\d?|by|ofl|odbl|zlib|unlicense|artistic|wtfpl|plr|mrr|en|zh|cn|de|fr|ja|v?\d)(?![a-z])"
)
_LICENCE = re.compile(
    rf"{_CODE}(?:(?:UN)?LICEN[CS]ES?(?![A-Za-z])|COPYING(?![A-Za-z])"
    rf"|(?i:(?:un)?licen[cs]es?|copying)(?:\.|[-_ ](?i:{_KIND})|{_TEXT}$)"
    r"|(?:许可证?|許可證?|授权|授權|版权|版權)(?:声明|聲明|信息|資訊|说明|說明|协议|協議|文件|文档|书|書|条款|條款|须知|須知"
    r"|公告|许可|許可|授权|授權|证明|證明|证书|證書|归属|歸屬|所有)*(?:[-_. (（\[【\d]|$)|[版權权]+[归歸])",
)
"""A name in capitals says so itself; another has to be one of a licence, not of a text about licences."""
_README = re.compile(
    rf"{_CODE}(?:read[ _-]?me(?:[-_. ][\w-]{{1,12}})??|(?:使用)?(?:说明|說明).{{0,4}}?|自述文件|读我|讀我){_TEXT}",
    re.I,
)
_PAPERS = re.compile(r"\.(?:pdf|docx?|rtf|odt|pages)$", re.I)
"""Formats that hold a licence often, and whose words are not read here."""
_MARKUP = re.compile(r"\.html?$", re.I)

_TAKES_BACK = re.compile(
    r"\bnon-?commercial|\bno[tr]?\b|\bexcept|\bonly\b|\bprohibit|\bforbid|\breserved|\bunless\b"
    r"|禁止|不得|不可|仅|僅|除外|未[经經]|保留",
    re.I,
)
_NAMES_ONE = re.compile(
    r"licen[sc]ed\s+under|(?:released|available|distributed|published|dedicated)\s+(?:under|to|into)\s"
    r"[^\n]{0,80}(?:licen[sc]e|public\s+domain|creative\s+commons|\bcc0|\bcc[ -]by)|in\s+the\s+public\s+domain"
    r"|creativecommons\.org/|知识共享|知識共享|创作共用|創用|许可协议|許可協議|授权协议|授權條款"
    r"|[仅僅]供(?:个人|個人)?[学學][习習]|禁止商用|不得商用|禁止[转轉][载載]|版[权權]所有|all\s+rights\s+reserved",
    re.I,
)
_CLAUSE, _SENTENCE = re.compile(r"[.;\n。；]"), re.compile(r"\n|[.!?](?=\s|$)|[。！？]")
"""Where what stands around a word ends."""


_TERMS = re.compile(
    r"(?i:(?:.*[\s_.\-!])?(?:EULA|licen[cs]e|lizenz|resell[ _-]?rights?|PLR|MRR|terms(?: of (?:use|sale|service))?|copyright|OFL|tos)"
    r"(?:[\s_-](?:agreement|terms|info|text))?)\.txt"
    r"|.*(?:授权|授權|许可|許可|使用条款|使用條款|版权|版權|禁止商用)(?:说明|說明|声明|聲明|书|書|协议|協議|须知|須知|证|證)?\.txt"
)
"""Packs carry their terms as a text file of any name; articles are seldom plain text."""


def is_licence(name: str) -> bool:
    """LICENSE, COPYING.md, LICENSE-MIT, EULA.txt, PLR License.txt, 版权声明.txt, …; no programs and pictures."""
    return (_LICENCE.match(name) or _TERMS.fullmatch(name)) is not None and not is_readme(name)


def is_readme(name: str) -> bool:
    """README, README.zh.md, 使用说明.txt, …"""
    return _README.fullmatch(name) is not None


def licences(papers: Sequence[Paper]) -> Iterator[Statement]:
    """One statement for each licence file of a folder."""
    for paper in papers[:MOST]:
        if _PAPERS.search(paper.name):
            yield paper.silence("license-file")
            continue
        try:
            text, whole = _text(paper)
        except Unreadable:
            yield paper.silence("license-file")
            continue
        raw, license = meaning(text, whole)
        said = notices(text, license)
        yield Statement(
            raw, "license-file", paper.where, holder=owners(said), license=license,
            attribution="; ".join(said)[:_CREDIT],
        )  # fmt: skip
    if len(papers) > MOST:
        left = papers[MOST]
        yield Statement(
            f"{len(papers) - MOST} more licence files were not read", "license-file", left.where
        )


_MADE_BY = re.compile(r"\W{0,4}((?:copyright|\(c\)|©)[\s:]*(?:\(c\)|©)?[\s:]*\d{4}\b.*)", re.I)
_CREDIT = 300


def notices(text: str, license: str) -> list[str]:
    """Its lines that say whose work is licensed; not those about the words of the licence itself."""
    from curate.spdx import text as official

    of_licence = official(license).lower() if license else ""
    found = (" ".join(line.split()) for line in text[:20_000].splitlines()[:400])
    named = (match[1].rstrip(" \\*-#") for line in found if (match := _MADE_BY.fullmatch(line)))
    return list(dict.fromkeys(one for one in named if one[:60].lower() not in of_licence))[:5]


def meaning(text: str, whole: bool = True) -> tuple[str, str]:
    """How a licence text begins and which licence it is; its words where it is none that is known."""
    if not whole or len(text) > MAX_TEXT:
        return f"{words(text[:MAX_TEXT], MAX_RAW - 100)} … not read to its end", ""
    if license := detected(text):
        return " ".join(text[:2000].split())[:_OPENING], license
    return words(text), ""


def words(text: str, most: int = MAX_RAW) -> str:
    """A text no list knows: all of it where ``most`` allows; else its beginning and what takes back.

    What is quoted may be read as a grant, so no restriction may be cut off.
    """
    whole = " ".join(text.split())
    if len(whole) <= most:
        return whole
    raw = whole[:_FIRST]
    end = _FIRST
    for word in _TAKES_BACK.finditer(whole, _FIRST):
        if word.start() < end:
            continue  # quoted with the one before
        clause, end = _around(whole, word, _CLAUSE, 80)
        if len(raw) + len(clause) + 30 > most:
            return f"{raw} … not quoted to its end"
        raw += f" … {clause}"
    return raw


def _around(text: str, word: re.Match[str], ends: re.Pattern[str], most: int) -> tuple[str, int]:
    """What stands around ``word``, at most ``most`` characters on each side, and where it ends."""
    start = max(0, word.start() - most)
    for before in ends.finditer(text, start, word.start()):
        start = before.end()
    stop = ends.search(text, word.end(), word.end() + most)
    end = stop.start() if stop else min(len(text), word.end() + most)
    return text[start:end].strip(), end


@lru_cache(256)
def detected(text: str) -> str:
    """The SPDX id of the licence that ``text`` is, or ""."""
    from curate.spdx import detect

    found = detect(text)
    return found.id if found else ""


_BANNED = re.compile(
    r"\bno\s+resale|\bnot\s+(?:for|to\s+be)\s+(?:re)?(?:sale|sold)|\b(?:do\s+not|(?:may|must|can)\s*not\s+be)\s+(?:re)?(?:sell|sold)"
    r"|personal\s+use\s+only|non-?commercial\s+use\s+only|(?:禁止|严禁|请勿|不得)[^，。；,\n]{0,6}(?:商用|转载|轉載|转售)"
    r"|[仅僅]供(?:个人|個人)?[学學][习習]|[仅僅]限(?:个人|個人)",
    re.I,
)


def readme(papers: Sequence[Paper], bans_only: bool = False) -> tuple[Statement, ...]:
    """What READMEs say, the plainest name first: the first that names a licence, and all that forbid.

    ``bans_only``: a licence file speaks already, which a README cannot loosen.
    """
    found: list[Statement] = []
    for paper in sorted(papers, key=lambda one: (len(one.name), one.name))[:MOST]:
        try:
            text = _text(paper)[0]
        except Unreadable:
            continue  # prose that is missing grants nothing; the walk tells of the file itself
        said, headed = _section(text)
        bans = [_around(text, word, _SENTENCE, 150)[0] for word in _BANNED.finditer(text)][:3]
        raw = words(" … ".join(dict.fromkeys(filter(None, (said, *bans)))), _SECTION)
        license = "" if bans else detected(said)
        forbids = bool(bans) or (not license and _TAKES_BACK.search(said) is not None)
        if raw and (forbids or not (found or bans_only)):
            one = Statement(raw, "readme", paper.where, "inferred", license=license)
            found.append(replace(one, confidence="declared") if headed else one)
    return tuple(found)


def _section(text: str) -> tuple[str, bool]:
    """What it says, and whether it does so below a heading of its own: there an author declares it."""
    from curate.spdx import licence_section

    if section := licence_section(text):
        return section, True
    word = _NAMES_ONE.search(text)
    return _around(text, word, _SENTENCE, _SECTION // 2)[0] if word else "", False


def _text(paper: Paper) -> tuple[str, bool]:
    """The words of a file, and whether these are all of them."""
    data = paper.head(MAX_TEXT + 1)
    text = decoded(data[:MAX_TEXT])
    if _MARKUP.search(paper.name):
        from selectolax.lexbor import LexborHTMLParser

        page = LexborHTMLParser(text)
        page.strip_tags(["script", "style", "head"])
        text = page.text(separator="\n")
    return text, len(data) <= MAX_TEXT
