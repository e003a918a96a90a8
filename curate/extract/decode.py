"""Bytes → text, in the encoding that makes them plausible: right for Chinese above all.

Strict UTF-8 first, for hardly anything else is valid UTF-8. Otherwise every encoding in use is tried on
a sample and the one wins whose characters are those that its readers write most.
"""

from __future__ import annotations

import codecs
import re

SAMPLE = 16_384
"""Bytes judged; the encoding of a text shows in its first pages."""

ENOUGH = 1000
"""Characters beyond ASCII after which a verdict does not change any more."""

# The most frequent characters of simplified and of traditional Chinese, and kanji of Japanese.
_HAN = frozenset(
    "的一是不了在人有我他这中大来上个国和也子时道说生要就出会可你对为以下得着那过们家能地自里"
    "后天多去然心学之小起如前所把还都没好看年想同进手开成发经然样行事又而只作用两主法定当日使文"
    "方现公全理本最机力工分长部明体气件意外点新间已通正高无名问数据程信回将者从进位关性应此被第"
    "三四五六七八九十它与等她很给但最见情义动面因实业命令电系统网口请每条输入出线目更加向重少合"
    "解决表示接受或比较特别教育世界产品市场社会政治经济技术管理服务保护民水运月化内书原由平相其"
    "号设置常路代建立安装完整选择打版权声明本图片标题内容使用允许项目始编写字节符编码读取档案"
    "這個國來時說會對為後過們裡學還沒開發經樣當現機長體氣點新間無問數據從關應與給見動實業電系統"
    "網請條輸線更進較別產場術務護書運號設檔資訊訊息選擇權聲圖標題內許項編碼讀專變總計種義邏輯"
    "兩將並該讓寫處語連歷華東車馬門風飛食頭顏類頁題樂聽買賣話認識論證記試該詳細許多誰請"
    "日本語月年行場合分前気用自動車東京都市県区町村会社員学生先週間曜番号名駅店屋円使食飲見"
)
_PUNCTUATION = frozenset("，。、；：？！“”‘’（）《》「」『』【】…—·　～￥")
_HANGUL = frozenset(
    "이다는의에가을를고하한지로기사도리서대어시자인나으부라일은정해수만있그조보아전스제게과여세면"
    "니오거상것용장성들명령문원분경우동방주국학관등계위년않으며었할"
)
_CYRILLIC = frozenset("оеаинтсрвлкмдпуяыьгз")
_LATIN = {
    **dict.fromkeys("éèàùçâêîôûëïüöäßñíáóúãõæœš’“”–—…«»°©®·€•£§", 0.9),
    **dict.fromkeys("čžřěůýďťňąćęłńśźżőűășțşţğı", 0.85),
    **dict.fromkeys("ìòøå", 0.75),
}


def _weight(char: str, before: str, after: str) -> float:
    code = ord(char)
    if code == 0xFFFD or 0x80 <= code < 0xA0 or 0xE000 <= code < 0xF900:
        return -4.0
    if 0x4E00 <= code < 0xA000:
        return 1.0 if char in _HAN else 0.1
    if char in _PUNCTUATION or 0x3040 <= code < 0x3100:
        return 0.8
    if 0xAC00 <= code < 0xD7A4:
        return 1.0 if char in _HANGUL else 0.15
    if 0x0400 <= code < 0x0460:
        if _letter(before) or _letter(after):
            return 0.0  # no word mixes the alphabets
        if before.isascii() and after.isascii():
            return 0.2  # few words have one letter
        return 0.9 if char in _CYRILLIC else 0.2 if char.islower() else 0.0
    if 0xFF61 <= code < 0xFFA0:
        return -0.5  # half-width katakana: what other encodings look like as Shift-JIS
    if 0xFF00 <= code < 0xFF5F:
        return 0.6
    if code < 0x2200:
        likely = _LATIN.get(char.lower(), -0.3)
        if likely < 0 or (
            (_letter(before) or _letter(after)) and not (char.isupper() and before.islower())
        ):
            return likely
        return 0.5 if char in "àéèó" else 0.1
    return -0.2


def _letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


# In order of preference: among equals the first wins.
_CANDIDATES = (
    "gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "koi8_r", "cp1250",
)  # fmt: skip
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,30})""", re.I)


def decode(data: bytes, declared: bool = False) -> str:
    """``data`` as text; never fails. ``declared``: believe a charset that HTML or XML states."""
    return data.decode(encoding(data, declared), "replace").removeprefix("\ufeff")


def encoding(data: bytes, declared: bool = False) -> str:
    """Name of the Python codec that most probably wrote ``data``."""
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        data.decode("utf-8")
        if b"\0" not in data[:SAMPLE]:
            return "utf-8"
    except UnicodeDecodeError:
        pass
    if b"\0" in data[:SAMPLE]:
        sample = data[:SAMPLE]
        return "utf-16-le" if sample[1::2].count(0) >= sample[0::2].count(0) else "utf-16-be"
    if declared and (stated := _stated(data)):
        return stated
    return _likeliest(data)


def _stated(data: bytes) -> str:
    match = _DECLARED.search(data[:2048])
    if not match:
        return ""
    name = match[1].decode("ascii").lower()
    name = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932",
            "iso-8859-1": "cp1252", "ks_c_5601-1987": "cp949", "euc-kr": "cp949"}.get(name, name)  # fmt: skip
    try:
        codecs.lookup(name)
        text = data[:SAMPLE].decode(name, "replace")
    except (LookupError, ValueError, TypeError):
        return ""
    return name if text.count("\ufffd") <= len(text) // 1000 + 1 else ""


def _likeliest(data: bytes) -> str:
    sample = _sample(data)
    high = sum(byte > 127 for byte in sample)
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if high and broken * 20 <= sum(char > "\x7f" for char in text):
        return "utf-8"  # UTF-8 with some damage
    scores = {name: _score(sample, name) for name in _CANDIDATES}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0.15 else "cp1252"


def _sample(data: bytes) -> bytes:
    """Whole lines around the first bytes that are not ASCII: the rest of the file tells nothing."""
    if len(data) <= SAMPLE:
        return data
    first = next(
        (at for at in range(0, len(data), SAMPLE) if not data[at : at + SAMPLE].isascii()), 0
    )
    part = data[first : first + 2 * SAMPLE]
    start = part.find(b"\n") + 1 if first else 0
    end = part.rfind(b"\n")
    return part[start : end if end > start else len(part)]


def _score(sample: bytes, name: str) -> float:
    """Mean plausibility of the characters beyond ASCII; about 0.7 for the right one, 0 for others."""
    text = sample.decode(name, "replace")
    total = number = 0.0
    padded = f" {text} "
    for at, char in enumerate(text, 1):
        if char > "\x7f":
            total += _weight(char, padded[at - 1], padded[at + 1])
            number += 1
            if number >= ENOUGH:
                break
    return total / number if number else 0.0
