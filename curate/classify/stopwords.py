"""Words that say nothing about what a text is about. Han of both scripts; European words case folded."""

from __future__ import annotations

_ENGLISH = """
the and for are but not you all any can had her was one our out has him his how its may new now old see two
way who did get let say she too use that with have this will your from they know want been good much some
time very when come here just like long make many more only over such take than them well were what about
after again also another around away back because become before being below best better between both cannot
could does doing done down during each either else enough even ever every few first following found further
give given goes going gone got great having hence however into itself last later least less made mainly might
most must near need never next none nor nothing often once other others ought own part per perhaps put quite
rather really same seem seen shall should show since something still sure their theirs then there therefore
these thing things think those though three through thus together toward under until unless upon used useful
using usually various via want whatever where whether which while whole whom whose why within without would
yes yet yourself above across actually almost along already although always among anything are aren don isn
doesn didn won wasn weren couldn shouldn wouldn hasn haven let's four five six seven eight nine ten second
whereas were including include includes example examples figure page pages chapter section said say says
example e.g i.e etc way able different several certain number set different way kind lot right left day days
year years people mr mrs ms miss copyright reserved license licensed click able must
"""
_GERMAN = """
der die das den dem des ein eine einer eines einem einen und oder aber auch auf aus bei bis für mit nach nicht
noch nur ohne sich sie sind über und uns unter vom von vor war was wenn wer wie wird wir zum zur ist ich ihr
ihre dass daß durch haben hat hatte kann können als alle alles dann dass denn diese dieser dieses doch dort
einige hier immer jede jeder kein keine man mehr mich mir muss nun schon sehr sein seine seiner selbst sollte
weil welche werden wieder wurde zwischen beim damit sowie
"""
_FRENCH = """
les des une est pas que qui dans pour par sur avec sont ont plus mais ou où et aux ces cette ses son leur leurs
nous vous ils elle elles être avoir fait comme tout tous toute toutes même aussi bien peut sans sous entre donc
alors ainsi après avant chez dont encore était etc été faire jamais moins notre parce peu quand quel quelle
votre très soit ceci cela celui lorsque selon
"""
_SPANISH = """
los las una unos unas del que con por para como más pero sus este esta estos estas ese esa eso son está están
era eres ser hay muy sin sobre también entre cuando hasta desde todo toda todos todas donde quien porque cada
puede pueden según nos les otro otra otros otras así aunque mismo tiene tienen fue han había
"""
_ITALIAN = """
che non per una del della delle dei degli con sono nel nella alla dal dalla più anche come questo questa questi
queste sul sulla gli suo sua loro essere hanno stato può tra ogni quando dove molto tutti tutto
"""
_PORTUGUESE = """
não uma com para por mais como mas dos das seu sua são está foi pelo pela esse essa isso este esta também pode
quando muito nos nas aos ser tem entre sem sobre até você
"""
_CHINESE = """
一个 一些 一样 一种 一般 一直 一定 一下 一次 一起 一点 一旦 一切 两个 几个 不会 不能 不同 不是 不过 不要 不仅 不断 不可 为了 为什么
之后 之前 之间 也是 也就是 也许 事情 于是 人们 什么 仅仅 今天 他们 它们 她们 但是 以及 以后 以前 以上 以下 任何 会有 似乎 作为 你们
使得 使用 例如 依然 便是 值得 假如 具有 具体 再次 出来 出现 分别 别人 到底 前面 包括 十分 即使 却是 原来 参见 又是 及其 只是 只有 只要
只能 可以 可能 可是 各种 各个 同时 同样 后来 否则 告诉 咱们 哪些 哪里 因为 因此 因而 图片 在于 地方 多少 大家 大概 太多 如何 如果 如此
如下 如图 它的 完全 宁可 对于 对此 尤其 就是 就会 尽管 已经 希望 常常 并且 并不 并非 应该 应当 开始 当然 当时 往往 很多 很少 得到 怎么
怎样 总是 情况 成为 我们 所以 所有 所谓 或者 或是 据说 接着 提供 整个 方面 方式 无法 无论 是否 时候 时间 显然 曾经 更加 更多 最后 最近
有些 有关 有的 有时 有人 本身 来说 正在 正如 此外 此时 比如 比较 毕竟 没有 然后 然而 特别 现在 由于 甚至 的话 目前 直到 直接 相关 相当
看到 看来 真正 知道 确实 第一 第二 第三 等等 类似 经常 经过 结果 继续 而且 而是 能够 自己 自然 至于 至少 虽然 觉得 许多 认为 让我们 起来
超过 跟着 还是 还有 这个 这些 这样 这种 这里 这是 进行 通过 通常 那个 那些 那么 那样 那里 部分 都是 里面 问题 除了 随着 需要 非常 首先
其中 其他 其实 其它 其次 具体 之一 之中 上面 下面 下来 时将 多个 每个 某个 某些 此处 版权 所有 页面 点击 一個 為了 為什麼 這個 這些 這樣 這種
這裡 還是 還有 沒有 我們 他們 你們 它們 因為 所以 如果 雖然 但是 可以 可能 應該 已經 時候 時間 問題 進行 通過 現在 對於 關於 關於 开始 關係
什麼 怎麼 那個 那些 那麼 這麼 這么 會有 能夠 許多 認為 覺得 總是 經過 經常 並且 無法 無論 當時 當然 後來 之後 之間 其實 具體 情況 結果 繼續
"""

STOP = frozenset(
    " ".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _CHINESE)).split()
)
