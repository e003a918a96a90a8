"""Ways to pay affiliates that no setting can express, and why: they are what the law calls pyramid selling.

China's Regulations on Prohibition of Pyramid Selling (禁止传销条例, 2005), art. 7, forbid three things at any
scale: (1) pay by the number of people brought in, (2) fees, or purchases instead of fees, for getting in,
(3) pay by what people further down sell. Most countries forbid much the same. So there is no key for any of
them, and who writes one is told why and what there is instead.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from curate.errors import Problem

_LAW = "Regulations on Prohibition of Pyramid Selling (禁止传销条例), art. 7"
_OWN = "what there is instead: percent, fixed or wholesale of what an affiliate sold themselves"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """``what`` cannot be expressed, and what to write instead."""

    what: str
    hint: str


_HEADS = Forbidden(
    f"a bonus for bringing people in cannot be expressed: pay by heads is forbidden by the {_LAW} (1)",
    f"{_OWN}; who only brings people in, and sells nothing, earns nothing",
)
_ENTRY = Forbidden(
    "an entry fee cannot be expressed: whoever pays, or has to buy something, to become an affiliate is "
    f"protected by the {_LAW} (2)",
    'leave it out; who buys goods to sell them on has a rule with wholesale = "12.00"',
)
_LEVELS = Forbidden(
    "a third level cannot be expressed: pay by what people further down sell is forbidden by the "
    f"{_LAW} (3), and organising it with three levels and thirty people is a crime (Criminal Law, art. 224-1)",
    f'{_OWN}; outside China also introducer = "2" in a rule, with depth = 2 and profile = "other" in '
    "[distribution]: one introducer, and nobody above",
)
_FEE = "(fee|price|cost|charge|payment)"
_WORDS = (  # heads first: of sign_up_bonus and sign_up_fee the last word decides
    (_HEADS, r"head_?(count|s$)|^heads?$|per_?head|recruit|per_?(person|member|affiliate|agent|sign_?up)|invit|"
             r"(sign_?up|join\w*|member\w*|growth|welcome)_?(bonus|reward)|referral|bounty|finders?_?fee|"
             r"人头|人頭|拉人|拉新|邀请|邀請|推荐|推薦|招募|发展|發展"),
    (_ENTRY, rf"entry|entrance|^fees?$|(join\w*|sign_?up|start\w*|regist\w*|training|activat\w*|on_?boarding|licen[cs]e)_?{_FEE}|"
             rf"admission|deposit|franchise|kit$|membership|member_?{_FEE}|subscription|guarantee|buy_?in|(must|has_to|minimum|required?)_?(buy|purchase)|"
             r"mandatory|门槛|門檻|入门|入門|入会|入會|入伙|入夥|加盟|押金|保证金|保證金|会费|會費|会员费|會員費|代理费|代理費|"
              r"认购|認購|囤货|囤貨"),
    (_LEVELS, r"level|depth|up_?line|down_?line|second|third|grand|team|overrid|generation|introducers|"
              r"introducer_?(\d|of|s_)|sub_?(affiliate|agent)|parent|ancestor|sponsor|matrix|binary|network|residual|"
              r"leader|rank|tier_?\d|^l\d|group_?(volume|bonus|sales)|"
              r"层|層|级|級|上线|上線|下线|下線|团队|團隊|裂变|裂變"),
)  # fmt: skip
_KEY = re.compile(r"(?P<at>(?:distribution|rules)(?:\..+)?)\.(?P<key>[^.]+): unknown key")
_TOP = re.compile(r"(?P<key>[^.:]+): unknown key")
_DEPTH = re.compile(r"distribution\.depth: .*\bnot '?(?P<depth>\d+|[^\s']+)'?$")
_BROKEN = re.compile(r"not valid TOML: .*\(at line (?P<line>\d+)")
_FAR = re.compile(r"three|unlimited|infinite|\d*[3-9]|\d{2,}", re.IGNORECASE)


def forbidden(name: str) -> Forbidden | None:
    """Why there is no setting, option or column of such a ``name``; None where it is nothing of the kind."""
    seen = "".join(one for one in name if unicodedata.category(one) != "Cf")
    bare = re.sub(r"[\s\-_]+", "_", unicodedata.normalize("NFKC", seen).casefold())
    return next((what for what, words in _WORDS if re.search(words, bare)), None)


def explained(problem: Problem, text: str = "") -> Problem:
    """``problem`` of shop.toml, whose ``text`` is given, with the reason where it is an attempt at one of these."""
    if found := _BROKEN.match(problem.what):
        key = _named(text, int(found["line"]))
        return _with(problem, key, forbidden(key) if _meant(text, int(found["line"])) else None)
    if (found := _DEPTH.match(problem.what)) and _FAR.fullmatch(found["depth"]):
        return _with(problem, "distribution.depth", _LEVELS)
    if found := _KEY.fullmatch(problem.what):
        return _with(problem, f"{found['at']}.{found['key']}", forbidden(found["key"]))
    if found := _TOP.fullmatch(problem.what):
        return _with(problem, found["key"], forbidden(found["key"]))
    return problem


def _with(problem: Problem, key: str, why: Forbidden | None) -> Problem:
    return Problem(problem.where, f"{key}: {why.what}", why.hint) if why else problem


def _named(text: str, line: int) -> str:
    """The key of a line: one in Chinese is no TOML without quotes, and the reason is worth more than that."""
    there = text.splitlines()[line - 1 : line]
    return there[0].partition("=")[0].strip().strip("[]\"'") if there else ""


def _meant(text: str, line: int) -> bool:
    """Whether the line stands in [distribution] or [rules.…]."""
    heads = [one.strip() for one in text.splitlines()[:line] if one.lstrip().startswith("[")]
    return bool(heads) and heads[-1].startswith(("[distribution", "[rules"))
