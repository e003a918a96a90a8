"""Praise that puts a bundle or its seller above all others: "the largest icon set", 全网最全, 100 %.

Of the world it may be said: the largest lake of China, 世界第一高峰, 100 % cotton.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curate.listings.goods import PRODUCT_ZH, product, subject, subject_zh

_ALWAYS = re.compile(
    r"#1(?!\d)|(?<!page )(?<![A-Za-z])(?:number[- ](?:one|1)|no\.? ?1|top[- ]?(?:1|one))(?![A-Za-z0-9])|\bbest[- ]?sell(?:er|ers|ing)\b"
    r"|\bsecond to none\b|\bone and only\b|\b(?:unbeatable|unrivall?ed|unmatched|unsurpassed|unparalleled|peerless|incomparable)\b"
    r"|\b(?:world|market|industry)[- ](?:class|leading|leader|beating)\b|\bworld'?s (?:first|only|no\b)|\bfirst (?:of its kind|in the world)\b"
    r"|\b(?:five|5|4\.\d)[- ]stars?\b|\baward[- ]winning\b|\bbest[- ]in[- ]class\b|\btop[- ](?:rated|seller)|\bhighest[- ](?:quality|rated)|\bfirst[- ]ever\b|\bnever seen before\b|\bcomes close\b"
    r"|\bbetter than any\b|\bno other \w+ has\b|\b(?:double|triple|twice) the \w+s\b|\b(?:\d|nine|eight) (?:out of|in) (?:ten|10)\b|\bsold \S+ times\b"
    r"|\b(?:ga|ba)?zillions?\b|\bbar none\b|\blike no other\b|\bbest[- ]of[- ]breed\b"
    r"|(?:全网|行业|业内|同行)领先|\bnobody (?:else )?(?:offers|has)\b|全网(?:最[\u4e00-\u9fff]?|第一|独[家有]|首[发家个]|唯一|爆款?|热[销卖]|仅此)|独家|独一无二|无与伦比|绝无仅有|举世无双|史无前例|前所未有|无可比拟"
    r"|销冠|(?:销量|人气|品类)(?:冠军|王)|(?:行业|业界)?龙头|鼻祖|(?:五星|满分)好评|零差评|之王(?![国朝])|王者级|[一二三四五六七八九]成(?:好评|客户|用户|买家)|首屈一指|数一数二|天花板|史上最\w?|世界(?:第)?一流|顶级(?!域名|目录|分类|菜单|标题)|顶尖|第一(?:名|品牌|店|选择|卖家)"
    r"|国家级(?!自然|风景|景区|公园|文物|非|森林|湿地)|世界级(?!自然|遗产|文化)|(?:全球|全国|国内|行业|业内|业界|全网|世界)首(?:个|家|款|创|发|部|套|选)"
    r"|(?:国内|全国|全球|全网|世界|市面上?|行业)唯一|万能(?!胶|钥匙|表|充|角|险|工具)",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"(?<!all )\b(?P<lead>(?:the|our)(?: (?:very|world's|web's))? |\w{1,30}['’]s )?(?P<word>best|largest|biggest|cheapest|finest|greatest|richest|fullest|widest|"
    r"longest|highest|ultimate|only|unique|most (?=[a-z]+ [^.,;:]{0,40}(?:in the world|on the web|on the market|ever\b))|(?<!the )most (?:complete|comprehensive|extensive|popular|advanced|trusted|loved|downloaded|wanted|valuable)|"
    r"(?<=the )most (?:complete|comprehensive|extensive|popular|advanced|trusted|loved|downloaded|wanted|valuable))\b(?P<rest>[^.,;:!?()\n，。]{0,60})",
    re.IGNORECASE,
)
_COMMON = re.compile(
    r"-(?:known|loved|kept|preserved|documented|before)|\s+(?:way|thing|practi[cs]es?|as|to|for|time|if|when|friends?|wishes|regards|known|need|first\b|to the smallest|of (?!all\b|both\b|its kind\b|the web\b))",
    re.IGNORECASE,
)
_EVER = re.compile(
    r"\b(?:ever|on the (?:web|market|internet|planet|net)|in the world|anywhere|online|worldwide)\b",
    re.I,
)
_NEED = re.compile(r"\byou(?:'ll| will)? ever need\b", re.I)
_PHRASE_ENDS = re.compile(
    r"\s(?:of|in|on|for|from|to|with|is|are|was|were|and|that|which|you|at|by)\s", re.I
)
_HAN = re.compile(
    r"最(?P<word>全面?|大|好|强|齐全|完整|丰富|权威|专业|优质|便宜|低价?|实用|火|热门|畅销|先进|佳|新最全|高)|(?P<first>[\u4e00-\u9fff]{0,2}第一)|唯一"
)
_FIRST = re.compile(
    "(?:全国|全球|世界|行业|销量|排名|全网|天下|国内|业界|同类|领先|口碑|品质|质量|销售|人气|淘宝|闲鱼|中国|亚洲)第一$"
)
_HAN_COMMON = re.compile(
    "最好(?:[先是不在用把将能还别要再]|提前|的[办方]法|的方式|朋友)|最大(?:化|值|[宽高尺长限程公可]|支持|音量|文件|面积|程度|字|数|分辨)"
    "|最低(?:配置|要求|版本|系统|限)|最高(?:[峰处点]|分辨|温|可|支持|配置|楼|人民|法)|最新|最强大脑"
)
_SHARE = re.compile(
    r"(?<!\d)\d{1,9}(?:\.\d{1,9})?\s?(?:%|percent\b|per cent\b)|\b(?:one|a) hundred per ?cent\b|百分之?百",
    re.IGNORECASE,
)
_STUFF = re.compile(
    r"\s?的?(?:pure |organic |纯)?(?:cotton|wool|linen|silk|polyester|leather|recycled|paper|acrylic|nylon|hemp|cashmere|merino|rayon|viscose|opacity|transparen|"
    r"zoom|scale|size|grey|gray|black|humidity|alcohol|cocoa|nitrogen|oxygen|off\b|discount|棉|羊毛|亚麻|真丝|丝|涤纶|皮|纸|聚酯|羊绒|灰|黑|透明|缩放|折扣)",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"(?:(?:opacity|zoom|scale|transparency|brightness|volume|contrast|saturation|humidity|size)\s*(?:to|of|at|is|=|:)?|透明度|缩放|亮度|湿度|比例|音量|进度|含量|饱和度|对比度)[为到至:\s]*$",
    re.IGNORECASE,
)
_JUDGED = re.compile(
    r"\s?(?:of )?(?:the |our |all )?(?:more|positive|customers?|buyers?|users?|satis|happy|recommend|好评|满意|正版|原创|真实|回购|推荐|通过|的?(?:客户|用户|买家|学员))",
    re.IGNORECASE,
)


def superlatives(text: str) -> Iterator[tuple[int, int]]:
    """Where such words stand in ``text``, each place once."""
    ended = 0
    for start, end in sorted(_found(text), key=lambda span: (span[0], -span[1])):
        if end > ended:
            yield start, end
            ended = end


def _found(text: str) -> Iterator[tuple[int, int]]:
    for found in _ALWAYS.finditer(text):
        yield found.span()
    for found in _ENGLISH.finditer(text):
        if _boast(found):
            yield found.start(), found.end("word")
    for found in _HAN.finditer(text):
        start = found.start("word") - 1 if found["word"] else found.start()
        if _boast_zh(text, found):
            yield start, found.end()
    for found in _SHARE.finditer(text):
        if _share(text, found):
            yield found.span()


def _boast(found: re.Match[str]) -> bool:
    word, rest = found["word"].lower(), found["rest"]
    phrase = re.findall(r"[A-Za-z]+", _PHRASE_ENDS.split(f"{rest} ", maxsplit=1)[0])[:5]
    if _EVER.search(rest) and not subject(phrase):
        return True
    if _COMMON.match(rest):
        return False
    if word in ("only", "unique", "ultimate", "longest", "highest"):
        return (product(phrase) and (word in ("unique", "ultimate") or bool(found["lead"]))) or bool(_NEED.search(rest) and found["lead"] and "thing" not in phrase)  # fmt: skip
    if subject(phrase):
        return False
    return bool(found["lead"]) or product(phrase) or word.startswith("most ")


def _boast_zh(text: str, found: re.Match[str]) -> bool:
    run = re.split("[，。！？；、\\s]", text[found.end() : found.end() + 10])[0]
    if found["word"]:
        if _HAN_COMMON.match(text, found.start()):
            return False
        return not (found["word"] in ("大", "高") and subject_zh(run))
    if found["first"]:
        return bool(_FIRST.search(found["first"])) and not subject_zh(run)
    return bool(PRODUCT_ZH.search(run)) or not run  # 唯一: 唯一需要的 says nothing


def _share(text: str, found: re.Match[str]) -> bool:
    """A part of a whole that somebody would have to measure: 99 % positive, 100 % original."""
    after = text[found.end() : found.end() + 80]
    if _JUDGED.match(after):
        return True
    if _STUFF.match(after) or _SETTING.search(text[max(0, found.start() - 40) : found.start()]):
        return False
    digits = re.match(r"[\d.]+", found[0])
    return not digits or float(digits[0]) >= 90
