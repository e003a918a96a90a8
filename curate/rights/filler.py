"""What may stand beside a licence's name without changing what it gives.

Everything else makes of a licence something that only a person can judge: "…, photos by an agency",
"…, commercial users pay", "the code is under …". So words are listed that do no harm, not those that do.
"""

from __future__ import annotations

import re

_LIMITS = re.compile(
    r"\b(?:not?|nc|nd|non|never|without|except(?:ing)?|excluding|unless|but|only|personal|resale|resell|prohibit\w*"
    r"|forbid\w*|forbidden|restrict\w*|reserved|permission|proprietary|educational|noncommercial|commercial|clause"
    r"|pay|paid|fee|fees|royalt\w*|purchase|courtesy|agency|embargo|subject|additional|addendum|expired?|former\w*)\b"
    r"|[不非勿禁仅僅限需须須购購买買费費付]|除外|未[经經]|保留",
    re.I,
)
_PHRASES = re.compile(
    r"spdx-license-identifier:?|\blegal\s+code\b|creative\s+commons|https?://(?:i|mirrors)\.creativecommons\.org/\S+"
    r"|https?://licensebuttons\.net/\S+|\b(?:this|these|our)\s+(?:work|text|photo|photograph|image|picture|drawing|video"
    r"|file|book|page|article|post|document|guide|tutorial|font|icon|song|recording|table|dataset|database|software"
    r"|program|code|site|website|list|handbook|manual|course|lesson|slides?|presentation|poster|map|content|material)s?\b"
    r"|\bfor\s+(?:more\s+)?(?:details|information)\b|\bto\s+view\s+a\s+copy\s+of\b"
    r"|\bor\s+send\s+a\s+letter\s+to\b[^.]*(?:\.|$)|\bthe\s+terms\s+(?:and\s+conditions\s+)?of\b",
    re.I,
)
_NAME = r"(?![A-Z]{6})[A-Z\u00c0-\u024f][\w.'’&\-]*"
_NAMES = rf"{_NAME}(?:\s+(?:(?:of|the|and|de|van|von|la|der|und)\s+)?{_NAME}){{0,3}}"
_HAN_NAME = r"(?![\u3400-\u9fff]*[归歸属屬禁谢謝绝絕商权權请請勿不非售卖賣除外仅僅限需])[\u3400-\u9fff]{2,6}(?=[\s,，。;；]|$)"
_MAKER = re.compile(
    rf"^\W*(?i:(?:photo(?:graph)?|image|picture|text|words|drawing|art(?:work)?|illustration|music)\s+by\b)\s+{_NAMES}"
)
_YEARS = r"(?:(?:19|20)\d\d(?:\s*[\-–,]\s*(?:19|20)?\d\d)*)"
_HOLDER = re.compile(
    rf"(?:©|\(c\)|(?i:copyright)|(?i:\bby\b)|(?i:\b(?:author|creator|artist|photographer)\b)\s*:?)"
    rf"(?:\s*(?:©|\(c\)|(?i:copyright)))*\s*{_YEARS}?[\s,:]*(?:by\s+)?(?:{_HAN_NAME}|{_NAMES})?"
)
_WORDS = frozenset(
    """a an the is are work works content contents material materials blog documentation repository project
    license licensed licence licenced licenses licences under in on of with by and or released available
    distributed published shared dedicated offered provided given version v rev
    international unported generic public domain dedication deed legalcode attribution share alike sharealike
    view visit copy copyright c notice author badge this these our it its which at you may reuse re-use""".split()
)
_HAN = re.compile(
    r"(?:本(?:作品|文档|文檔|文|书|書|站|项目|專案|文件|资料|資料|教程|页面?|頁面?|图片|圖片|照片|内容|內容|仓库)"
    r"|作品|文档|文檔|内容|內容|文章|采用|採用|使用|基于|基於|遵循|依据|依據|根据|根據|以|按照?|的|之|与|和|及|进行|進行|下发布"
    r"|许可(?:证|协议)?|許可(?:證|協議)?|授权(?:协议)?|授權(?:條款|協議)?|协议|協議|条款|條款|发布|發布|發佈|公开|公開|提供"
    r"|共享|分享|创作共用|創作共用|创作|創作|知识共享|知識共享|创用|創用|署名|姓名标示|姓名標示|相同方式|国际|國際|版本|版|号|號"
    r"|是|为|為|均|皆|都)+"
)
_VERSION = re.compile(r"(?<![\d.])[1-4]\.[05](?![\d.])")
_ODD = re.compile(r"[^\w\s.,;:()\[\]/'\"“”‘’|*#>\-–—，。；：、（）《》「」]|\d|_")
"""Signs and numbers that may be a price, a date, a box ticked or a line struck out."""
_TOKEN = re.compile(r"[A-Za-z][A-Za-z'\-]*|[\u3400-\u9fff]+|[^\W\d_]+")


def takes_back(text: str) -> bool:
    """Does a word that limits or reserves stand in it?"""
    return _LIMITS.search(text) is not None


def harmless(rest: str) -> bool:
    """May ``rest``, what a statement says besides its licences, be passed over?"""
    if takes_back(rest):
        return False
    rest = _PHRASES.sub(" ", rest.replace("![", "["))
    rest = _MAKER.sub(" ", _VERSION.sub(" ", rest))
    rest, holders = _HOLDER.subn(" ", rest)
    if holders > 2 or _ODD.search(rest):
        return False
    return all(
        _HAN.fullmatch(word)
        if "\u3400" <= word[0] <= "\u9fff"
        else word.lower().strip("-'") in _WORDS
        for word in _TOKEN.findall(rest)
    )
