"""Reports for tests: of every kind of figure and chart, with titles that would like to be more than titles."""

from __future__ import annotations

from fractions import Fraction

from curate.books.reports import Chart, Column, Money, Report, Table
from curate.model import Language

HOSTILE = (
    "<script>document.title='caught'</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil.example/","click")',
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "  \t=1+1",
    "＝1+1",
    "מחיר \u202e12.50\u202c سعر",
    "$\\frac{1}{2}$ & {{ 7*7 }} %s {0} &amp; ]]> --> </svg></style>",
    "长" * 200,
    "W" * 200,
    "two\nlines\x00\x1b[31m red\x07",
    "'; DROP TABLE orders; --",
)
_WORDS: dict[Language, dict[str, str]] = {
    "en": {},
    "zh": {
        "Own sales": "自营销售", "Channels": "各渠道", "Channel": "渠道", "Users": "新联系人", "Buyers": "买家",
        "Conversion": "转化率", "Order value": "客单价", "Revenue": "收入", "Cost": "流量成本", "Profit": "利润",
        "Fees": "平台费", "all": "合计", "Revenue and cost": "收入与流量成本", "Profit by channel": "各渠道利润",
        "Weeks": "按周", "Week": "周", "Revenue by week": "每周收入", "Stages": "旅程阶段", "Stage": "阶段",
        "Reached": "到达人数", "How far they came": "走到哪一步", "Costs by kind": "成本构成",
        "Fewer than 100 contacts: nothing is called better.": "联系人不足 100 名：不作优劣判断。",
        "Where the money went": "钱花在哪里", "Ads": "广告", "Team": "团队", "Other": "其他",
        "Costs of March are not closed.": "三月的成本尚未结账。", "Share": "占比", "Month": "月份",
        "Campaign": "活动", "Campaigns": "各活动", "stranger": "陌生", "aware": "知道", "interested": "兴趣",
        "following": "关注", "familiar": "熟悉", "approving": "认可", "trusting": "信任", "purchased": "购买",
        "sharing": "分享", "Xianyu": "闲鱼", "Taobao": "淘宝", "WeChat": "微信", "Douyin": "抖音",
        "Journey": "用户旅程", "No contacts": "没有联系人",
    },
}  # fmt: skip


def money(text: str, currency: str = "CNY") -> Money:
    whole, _, rest = text.partition(".")
    return Money(int(whole + (rest or "00")), currency)


def direct(language: Language, *, hostile: bool = False) -> Report:
    def t(text: str) -> str:
        return _WORDS[language].get(text, text)

    names = HOSTILE if hostile else tuple(map(t, ("Xianyu", "Taobao", "WeChat", "Douyin")))
    rows = tuple(
        (
            name, 1301 * (n + 1), 37 * (n + 1), Fraction(37, 1301) if n != 2 else None,
            Fraction(98765 * (n + 1), 3700), Money(12_345_678 // (n + 1), "CNY"),
            Money(-45_600 * (n + 1), "CNY"), Money(2_345_678 * n, "CNY"),
            Money(12_345_678 // (n + 1) - 4_345_678 * n, "CNY"),
        )
        for n, name in enumerate(names)
    )  # fmt: skip
    channels = Table(
        "channels", t("Channels"),
        (
            Column("channel", t("Channel")), Column("users", t("Users"), "count"),
            Column("buyers", t("Buyers"), "count"), Column("conversion", t("Conversion"), "ratio"),
            Column("order_value", t("Order value"), "number"), Column("revenue", t("Revenue"), "money"),
            Column("fees", t("Fees"), "money"), Column("cost", t("Cost"), "money"),
            Column("profit", t("Profit"), "money"),
        ),
        rows,
        (t("all"), 13010, 370, Fraction(37, 1301), None, Money(25_720_161, "CNY"), Money(-456_000, "CNY"),
         Money(14_074_068, "CNY"), Money(-353_907, "CNY")),
        (t("Fewer than 100 contacts: nothing is called better."), *(HOSTILE if hostile else ())),
    )  # fmt: skip
    weeks = Table(
        "weeks", t("Weeks"),
        (Column("week", t("Week")), Column("revenue", t("Revenue"), "money"), Column("cost", t("Cost"), "money")),
        tuple(
            (f"2026-W{n:02}", Money(900_000 + 70_000 * n * (-1) ** n, "CNY"), Money(400_000 + 9_000 * n, "CNY"))
            for n in range(1, 14)
        ),
    )  # fmt: skip
    costs = Table(
        "costs", t("Costs by kind"),
        (Column("month", t("Month")), Column("ads", t("Ads"), "money"), Column("team", t("Team"), "money"),
         Column("other", t("Other"), "money"), Column("share", t("Share"), "ratio")),
        tuple(
            (month, money(f"{1000 + n}.50", code), money(f"{700 - n}.25", code), money("80.00", code), Fraction(n, 3))
            for code in ("CNY", "USD")
            for n, month in enumerate(("2026-01", "2026-02", "2026-03"))
        ),
    )  # fmt: skip
    return Report(
        "direct", t("Own sales"), "2026-03", (channels, weeks, costs),
        (
            Chart("money", t("Revenue and cost"), "bars", "channels", "channel", ("revenue", "cost")),
            Chart("profit", t("Profit by channel"), "bars", "channels", "channel", ("profit",)),
            Chart("weeks", t("Revenue by week"), "lines", "weeks", "week", ("revenue", "cost")),
            Chart("costs", t("Where the money went"), "stacked", "costs", "month", ("ads", "team", "other")),
        ),
        (t("Costs of March are not closed."),),
    )  # fmt: skip


def journey(language: Language) -> Report:
    def t(text: str) -> str:
        return _WORDS[language].get(text, text)

    stages = ("stranger", "aware", "interested", "following", "familiar", "approving", "trusting", "purchased",
              "sharing")  # fmt: skip
    table = Table(
        "stages", t("Stages"),
        (Column("stage", t("Stage")), Column("reached", t("Reached"), "count"), Column("share", t("Share"), "ratio")),
        tuple((t(name), 12_000 // (n * n + 1), Fraction(1, n * n + 1)) for n, name in enumerate(stages)),
    )  # fmt: skip
    empty = Table("campaigns", t("Campaigns"), (Column("campaign", t("Campaign")),), ())
    funnel = Chart("funnel", t("How far they came"), "funnel", "stages", "stage", ("reached",))
    return Report("journey", t("Journey"), "2026-03", (table, empty), (funnel,))
