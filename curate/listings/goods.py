"""Words for what sellers count and praise, and for what numbers and praise are said of besides."""

from __future__ import annotations

import re

GOODS = frozenset(
    "icon photo photograph picture image illustration vector clipart graphic drawing painting artwork poster print "
    "wallpaper background texture pattern brush font typeface template preset lut mockup sticker emoji logo "
    "ornament frame border card printable worksheet planner page document file item piece pc pdf ebook book guide "
    "tutorial course lesson lecture recipe tip prompt script plugin theme model asset resource material design "
    "element svg png jpg video film clip track song sound sample loop recording pack set bundle collection kit "
    "spreadsheet table slide presentation article essay note chart map tool download freebie bonus stock footage "
    "symbol avatar banner flyer invitation swatch palette animation gif archive folder text media content".split()
)
"""In the singular. A number of these is a claim whatever else the text says."""
GOODS_ZH = (
    "图标 图片 照片 图案 图像 插画 插图 海报 壁纸 背景 纹理 贴图 笔刷 字体 模板 模版 样机 贴纸 表情 预设 素材 资料 资源 文件 文档 "
    "电子书 书籍 教程 课程 课件 讲义 视频 音频 音乐 歌曲 音效 录音 脚本 插件 主题 模型 图库 图集 合集 套装 试卷 题 范文 "
    "作文 文章 论文 表格 幻灯片 矢量 元素 高清 原图 大图 美图 干货 网盘 节课"
).split()
ITEM_MEASURES = frozenset("张份套款幅册")
"""Measure words that only things for sale have here; 个, 位 and 台 are said of everything."""

_SELLERS = frozenset(
    "seller shop store brand price value quality offer deal product choice selection range library gallery source "
    "place provider vendor archive database treasury compilation catalog catalogue edition service support".split()
)
PRODUCT_ZH = re.compile(
    "|".join(GOODS_ZH)
    + "|[图题资]库|[店包集库画册套]|卖家|品牌|价格?|性价比|质量|品质|服务|大全|宝典|攻略|选择|推荐|产品|商品|版本|体验"
)
_SUBJECTS = frozenset(
    "lake river mountain peak city town village country island coast beach desert ocean sea bay gulf forest park valley "
    "waterfall volcano canyon glacier cave hill plain region state province church cathedral temple palace castle "
    "tower bridge building house museum monument ruin pyramid statue railway station road street square harbour port ship "
    "animal mammal bird fish whale shark cat dog horse insect butterfly flower tree plant fruit mushroom star planet "
    "moon galaxy comet artist painter poet writer author novelist composer scientist philosopher king queen emperor "
    "empire dynasty battle war river number value width height size part common possible".split()
)
_SUBJECT_ZH = re.compile(
    "[湖河江山峰岛洋]|大洲|海[洋域港]?|沙漠|草原|瀑布|建筑|[桥塔寺庙宫]|城市|国家|城|动物|[鸟鱼鲸树花]|植物|行星|恒星|[关泉]|民族|平原|高原|盆地|半岛|火山|峡谷"
)
NEUTRAL = frozenset(
    "computer device monitor screen phone tablet machine laptop desktop step click tap player person people column side inch "
    "foot feet metre meter mile kilometre kilometer centimetre centimeter millimetre millimeter gram kilogram degree volt watt "
    "year day week month century decade second time bc bce ad ce january february march april may june july august "
    "september october november december zip bit thank light-year street avenue lane v hz kbit mbit gsm".split()
)
"""What is never in a bundle: spans, measures, dates, what files are used on."""
_SPAN = frozenset("year day week month second hour minute".split())
_OF_GOODS = re.compile(r"\s*(?:of\s+)?(?:[a-z]+\s+)?([a-z]+)", re.IGNORECASE)
_TIME = re.compile(r"[\s-]?(?:hours?|hrs?|minutes?|mins?|小时|分钟|钟头)(?![a-z])", re.I)
_TIMED_BEFORE = re.compile(
    r"(?:\b(?:in|within|after|every|takes?|wait|for|under|just|only)\s+(?:just |only |about |under )?|每[天日周晚]?|每隔|只需要?|仅需|用时|耗时)$",
    re.I,
)
_TIMED_AFTER = re.compile(
    r"\s*(?:a|per|every|each) (?:day|week|night)|\s*(?:daily|weekly|later|ago|or less|support|service)\b|\s*(?:之?内|以内|之?后|之?前|在线|客服|发货|营业|"
    r"服务|随时|制|上手|学会|看懂|读完|定律|入门|自动|快速|搞定|完成|回复|响应|退款|无理由|支持)",
    re.I,
)
_NETWORK = re.compile(
    r"\s?(?:networks?|phones?|mobile|signal|wireless|网络|手机|时代|通信|信号|基站|移动)", re.I
)


def singular(word: str) -> str:
    word = word.casefold()
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def goods(word: str) -> bool:
    """Is it a thing that is sold in numbers? "icons", 模板."""
    return singular(word) in GOODS or word.startswith(tuple(GOODS_ZH))


def neutral(text: str, number: tuple[int, int], end: int, head: str) -> bool:
    """Does the ``number`` of ``text`` with its ``head``, which ends at ``end``, say nothing of files?"""
    before, after, word = (
        text[max(0, number[0] - 40) : number[0]],
        text[end : end + 80],
        singular(head),
    )
    if timed := _TIME.match(text, number[1]):
        after = text[timed.end() : timed.end() + 80]
        if any(one in after[:10] for one in GOODS_ZH):
            return False  # 20小时入门课程
    if word in _SPAN and (found := _OF_GOODS.match(after)) and goods(found[1]):
        return False  # 30 days of lessons, 20 hours of video
    if timed:
        return bool(_TIMED_BEFORE.search(before) or _TIMED_AFTER.match(after))
    if head == "G" and re.fullmatch("[2-6]", text[slice(*number)]):
        return bool(_NETWORK.match(after))
    if word == "word":
        return before.lower().rstrip().endswith("worth") or bool(
            re.match(" of (?:advice|wisdom|thanks)", after)
        )
    return word in NEUTRAL


def product(words: list[str]) -> bool:
    return any(singular(word) in _SELLERS or singular(word) in GOODS for word in words)


def subject(words: list[str]) -> bool:
    """Are they about the world and not about what is sold? "the largest lake"."""
    return any(singular(word) in _SUBJECTS for word in words) and not product(words)


def subject_zh(run: str) -> bool:
    return bool(_SUBJECT_ZH.search(run)) and not PRODUCT_ZH.search(run)
