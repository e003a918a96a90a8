"""What a text says about its own rights: every marker of a licence, a reservation or a ban."""

from __future__ import annotations

import re

from curate.model import Statement

SCANNED = 400_000
"""Characters of a text that are read: its first half and its second half of so many."""

_PLAIN = re.compile(
    r"project gutenberg license|start of th(?:e|is) project gutenberg|small print!|版权所有|版權所有"
    r"|禁止转载|禁止轉載|[转轉][载載](?:[时時]?[请請须須需应應]|务必|務必){1,3}(?:注明|標明|标明|註明|保留)"
    r"|(?:版权|版權|著作权|著作權)[归歸][^\n。；，,]{1,40}所有|未经许可|未經許可|禁止商用|不得商用|不可商用|不可商业使用|非商业性使用"
    r"|仅供(?:个人)?学习|僅供(?:個人)?學習|仅限个人使用|僅限個人使用|all rights reserved"
    r"|all rights are reserved|personal use only|internal use only"
    r"|\bnot for (?:re)?sale\b|\bno resale|\b(?:do not|may not be|must not be|cannot be) (?:re)?(?:sell|sold)\b|\bmay not be given away"
    r"|non-?commercial use only|\bno commercial use"
    r"|alle rechte vorbehalten|tous droits r[ée]serv[ée]s|todos los derechos reservados|tutti i diritti riservati"
    r"|(?:严禁|嚴禁|请勿|請勿|禁止|不得|谢绝|謝絕)[^\n。；，,]{0,6}(?:商用|商业用途|商業用途|商业使用|转载|轉載|转售|轉售|倒卖|倒賣|分发)"
    r"|翻版必究|侵删|侵刪|(?:图片|圖片|文章)来自网络|图片来源[:：]"
    r"|(?:©|\(c\)|copyright(?: ©| \(c\))?)\s*(?:19|20)\d\d[^\n]{0,80}"
    r"|©\s?(?-i:[A-Z][\w&.']+(?: [A-Z][\w&.']+){0,3}|[\u4e00-\u9fff]{2,12})"
    r"|https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/[\w./-]+"
    r"|licen[sc]ed under [^\n.;]{0,80}(?:creative\s+commons|\bcc[ -](?:by|0)|\b(?:mit|apache|bsd|gpl|gnu)\b)"
    r"|(?:released|available|distributed|published) under [^\n.;]{0,60}(?:creative\s+commons|\bcc[ -](?:by|0))"
    r"|\b(?:lizen[zs]iert|sous (?:la |une )?licence|bajo|licenciad[oa]|sob|con licenza|лиценз\w+|licencj\w+|licenc[eí]\w*)\b"
    r"[^\n.;]{0,80}(?:creative\s+commons|\bcc[ -]by)"
    r"|(?:creative\s+commons|\bcc[ -]by)[^\n。.;]{0,80}\d\.\d[^\n。.;]{0,60}(?:ライセンス|라이선스)"
    r"|this (?:\w+ ){1,4}(?:is|has been) (?:\w+ )?(?:in|into|to) the public domain"
    r"|(?:采用|採用|使用|基于|遵循)[^\n。；]{0,40}(?:知识共享|知識共享|创作共用|creative commons|\bCC[ -]BY)",
    re.I,
)
# No search begins unless one of these is there: most texts say nothing of their rights.
_HINTS = (
    "gutenberg", "small print", "版权所有", "版權所有", "转载", "轉載", "未经许可", "未經許可", "商用",
    "供学习", "供學習", "限个人", "限個人", "商业", "商業", "rights reserved", "rights are", "personal use", "internal use", "for sale", "sell", "sold", "given away",
    "commercial use", "vorbehalten", "serv", "riservati", "严禁", "嚴禁", "请勿", "請勿", "谢绝", "謝絕", "转售", "轉售", "倒卖",
    "分发", "必究", "侵删", "来自网络", "图片来源", "©", "(c)", "copyright", "use only", "resale", "creativecommons.org", "creative", "licen", "cc-by", "cc by",
    "知识共享", "知識共享", "创作共用", "cc0", "版权归", "版權歸", "著作权归", "著作權歸", "public domain",
)  # fmt: skip
_STOPS = "。！？；\n\f"
MOST = 20
_SIGN = re.compile(r"©|\(c\)|copyright", re.I)
_RESERVES = re.compile("reserved|所有", re.I)


def statements(text: str, where: str) -> tuple[Statement, ...]:
    """Every marker of a licence, a reservation or a ban, with its sentence: inferred, not declared."""
    found: dict[str, None] = {}
    half = SCANNED // 2
    parts = (text,) if len(text) <= SCANNED else (text[:half], text[-half:])
    for part in parts:
        lower = part.lower()
        if not any(hint in lower for hint in _HINTS):
            continue
        for match in _PLAIN.finditer(part):
            found[_sentence(part, match)] = None
            if len(found) >= MOST:
                break
    return tuple(
        Statement(raw=raw, channel="text", where=where, confidence="inferred") for raw in found
    )[:MOST]


def _sentence(text: str, match: re.Match[str]) -> str:
    """The sentence around ``match``, or the marker itself where that would be long.

    A reservation is read with the sentence before it where that has the ©: there stands its holder.
    """
    start = _start(text, match.start())
    if _RESERVES.search(match[0]):
        before = _start(text, max(start - 2, 0))
        if _SIGN.search(text[before:start]):
            start = before
    ends = [at for stop in (*_STOPS, ". ") if (at := text.find(stop, match.end())) >= 0]
    raw = " ".join(text[start : min(ends, default=len(text)) + 1].split())
    return raw if len(raw) <= 300 else " ".join(match[0].split())


def _start(text: str, at: int) -> int:
    """Where the sentence begins that ``at`` is in."""
    return max(text.rfind(stop, 0, at) for stop in (*_STOPS, ". ")) + 1
