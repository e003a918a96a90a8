"""What sellers write of a bundle of 412 files: 31 pictures, 12 documents of 120 pages, 369 texts.

``FOOLING``: none of it is so, and none may stand. ``HONEST``: says nothing of how much is in the bundle or how
good it is, or says what is so. Both languages, as sellers write them.
"""

FOOLING = """廿张图
卅张图片
卌张图片
皕张
壹佰张
壹萬张图片
伍佰張圖片
上万张
上万张图片
过万张图片
破千张图片
万张图片任你选
千张高清图片
近万张图片
万余份资料
数千
数千张
几千张图片
好几百张照片
三五百张图片
一两千张图片
成千上万的图片
成百上千张照片
数以万计的素材
百万级素材
千万级图库
亿级素材
１００００张
①⓪⓪⓪张图片
1️⃣0️⃣0️⃣0️⃣张图片
㊿张图片
五〇〇张图片
一千〇一张图片
1w张图片
10W+素材
1.2万张图片
3千多张图片
1,0000张图片
半百张图片
半万张图片
一百五十张图片
图片500张
图片五百张
图片×500
500P高清图片
5T资料
两千G资料
上百G资料
总时长20小时
20小时入门课程
二十小时视频
300个教程
五十个模板
二十套模板
十二张海报
30款字体
五百节课
3000位学员的选择
已售10w+
10万人好评
第一名
全网最全
全网第一
销量第一
排名第一
行业领先第一品牌
史上最全图库
全球首个图库
国内唯一
独一无二的素材
无与伦比的图库
百分百好评
好评率99.9%
最大的图库
最全的资料
世界一流的图片
TOP1素材店
天下第一图库
成千張圖片
a gross of icons
five gross icons
five score icons
three score and ten photos
scores of icons
1/2 million icons
½ million icons
half a million
half a million icons
half a thousand photos
quarter of a million photos
a quarter million photos
a dozen dozen
a dozen dozen photos
dozens upon dozens of icons
one and a half thousand photos
two and a half million files
a myriad of icons
two lakh icons
1e5 icons
1.5E+4 icons
10^5 icons
10⁵ icons
10k+
10k+ icons
10 K icons
1M+ icons
1M icons
2mn icons
3 mil photos
10K icons
1 0 0 0 0 icons
1\u20090\u20090\u20090\u20090 icons
1\u200b0\u200b0\u200b0\u200b0 icons
1\u034f0\u034f0\u034f0 photos
1OOO photos
10.000 photos
10 000 photos
10'000 photos
10_000 photos
10,00,000 photos
١٠٠٠ photos
𝟏𝟎𝟎𝟎 photos
❿❿ photos
MMM icons
over MCC photos
💯 photos
💯张图片
100s of photos
1000's of photos
hundreds of icons
thousands upon thousands of photos
tens of thousands of pictures
hundred-plus photos
one hundred photos
a hundred and fifty photos
forty icons
twelve posters
seventy-five templates
twenty brushes
five-hundred photos
ten thousand-plus stock photos
count them: 500
files: 500
photos x500
500x photos
500 pcs
500 pieces
pack of 500
set of 500
bundle of 200
500-pack
500-in-1
500 in 1
500in1 bundle
500合1
more than 5,000 things
No 1 seller
No. 1 seller
№1 seller
#1 seller
number one
Number 1 in icons
top 1 shop
the number-one shop
the largest icon pack
biggest icon set on the web
best-selling icons
bestseller
a best seller
world's best icons
the world's first icon library
the best icons ever
best icons ever
the most complete set
the only pack you will ever need
one of the largest collections on the web
second to none
unmatched quality
unrivalled
the one and only
unique collection
the ultimate icon pack
100% satisfaction
one hundred per cent original
99.9% positive
rated 5 stars
five-star rating
10,000 happy customers
trusted by 2 million users
20 hours of video
twenty hours of video
50 GB
half a terabyte
a terabyte of files
1TB资料
1 TB
1GB of photos and 10GB of films
5T of files
1000 pages
a thousand pages
2 languages and 40 formats
No.1
全网NO.1
销冠
销量冠军
人气王
行业龙头
鼻祖
五星好评
满分好评
零差评
全网首发
全网最低价
性价比之王
王者级素材
最全图库
最齐全的素材库
最大最全
更多图片，共5万+
素材5万+
5万+素材
五万多张
收录5000余幅
总数过万
数量过万
过百万
破百万下载
图片数量：1万
500+图
500 +图片
500多套PPT
超500G
超大容量5T
整整五百张
足足1000张
1000个G
几十个G
上千集视频
100集视频
3000多种图案
两万字教程
50万字
每天更新100张
10年经验，万人好评
99%好评
九成好评
十万个图标
百图合集
千图合集
五百图
五百种图案
贰佰张
叁仟张图片
两仟张图片
1仟张
壹万张
拾万张图片
百八十张图片
1千+
1k张
2K张图片
10k张图片
500枚图标
500幅画
300篇范文
60首歌曲
60首
三百首歌
10,000.00 icons
ten thousand icons
Ten Thousand Icons
TEN THOUSAND ICONS
10thousand icons
10 thousand+ icons
10-thousand icons
0.5 million icons
.5 million icons
five million-strong library
a million icons
millions of icons
zillions of icons
over a thousand photos
more than a thousand
nearly a thousand photos
well over a thousand photos
a cool thousand photos
a whopping 5,000 photos
5,000 (five thousand) photos
photos: over 5000
photos - 5000
5000/photos
5000_photos
5000photos
5000+photos
[5000] photos
(5000) photos
5000 x photos
5000 × photos
icons×5000
5,000 unique icons
5 000+ icons
5k icons
5kicons
5K+ PNGs
qty 500
quantity: 500
Qty: 500
500 units
500 count
500 ct
500 of them
all 500 of them
500!
500+!
500 plus
five hundred!
1000+
You get 1000!
1001 photos
1001 ways
365 prompts
365 daily prompts
101 tips
fifty prompts
50 prompts
fifty-two cards
twenty-six letters in 40 fonts
three hundred and sixty-five
a baker's dozen of fonts
hundreds of thousands of vectors
hundreds, even thousands of photos
a thousand-photo library
1000-photo library
thousand-icon pack
1000+-icon pack
a two-thousand-strong library
more than two thousand strong
thousands strong
best in class
nobody offers more
我们店铺销量全网领先
best in the world
simply the best
the best there is
the best on Etsy
the very best photos
top-rated seller
top rated
top seller
#1 on Etsy
highest quality icons
highest-rated
the most beautiful icons in the world
the greatest collection of all time
biggest ever
largest library of icons
most complete icon set
world-class icons
world leading
unparalleled
nothing else comes close
never seen before
first ever
no other pack has this
better than any other
rated 4.9 out of 5
4.9/5 stars
9 out of 10 customers
nine out of ten buyers
200% better
1,000% more
triple the icons
double the icons of any other pack
sold 5,000 times
5,000 sold
5,000 sales
5,000 downloads
over 5000 reviews
5000 five-star reviews
IOOO icons
l000 icons
1 thousand photos
１０ ０００ photos
10،000 photos
10.000+ photos
10’000 photos
1e3 photos
2^10 photos
5*100 photos
5 x 100 photos
5×100张
五 百 张 图 片
五-百张
5 百张
5百 张
500 高 清 图 片
5 0 0 张""".replace("\\u2009", "\u2009").replace("\\u200b", "\u200b").replace("\\u034f", "\u034f").splitlines()  # fmt: skip

HONEST = """one of the best-known coasts of Europe
唯一需要的是浏览器
available 24 hours a day
Use it on 2 computers
100% cotton texture
百科资料
7-zip
A4
300 dpi
version 2
Windows 10/11
1st edition of 1920
Route 66
三国
四川
一起
千岛湖
万花筒
Year 2024
the first chapter
Photos of the largest lake in China
the most famous bridges of the world
Try to do your best
It is best to make a copy first
the best way to begin
The only thing you need is a browser
Every file has a unique name
Support within 24 hours
Open it in 5 minutes
5 minutes a day
twenty-four hours a day
7 days a week
World War II in pictures
the Seven Wonders
Letters of the 1920s
thousands of years of history
hundreds of years ago
a picture is worth a thousand words
Apollo 11 and Boeing 747
Fahrenheit 451
Symphony No. 5, Opus 27
the 19th century
icons of 64x64 pixels
64x64 photos
512 x 512 px
8-bit sounds, 24-bit colour
UTF-8, RFC 8493, ISO 9001
H.264, MP4, MP3 at 320 kbps
16:9 and 4:3
A4 and B5, 210 x 297 mm
Python 3.12 and Excel 2016
for ages 6 to 12
two columns, three colours
3 steps to begin
Works with 2 monitors
printed on 80 g paper
at 20 °C
50% off until 5 May
70% wool, 30% silk
set opacity to 50%
born in 1879, died in 1955
from 221 BC to AD 220
“Twenty Thousand Leagues under the Sea”
"One Hundred Years of Solitude"
Around the World in Eighty Days
The Three Musketeers
the Fourth of July, 4 July 1776
Room 101, Area 51, Studio 54
COVID-19 and 5G networks
Section 230, Article 9
Chapter Two; part one
a scale of 1:50,000
level 1 of 3
24 fps
one click
2 clicks
for 1 or 2 players
score sheet, high score
sheet music: the full score
gross weight
Mon-Fri 9 to 5
1000 m above the sea
Mount Everest is 8849 m high
300 km of coast
XXL format
The Lake District, England's largest national park
the world's longest river
Bestiary
三国演义
四大名著
三字经
百家姓
千字文
《唐诗三百首》
唐诗三百首
《十万个为什么》
《一千零一夜》
二十四节气
十二生肖
三十六计
九寨沟
五台山
八大山人
万里长城
一年四季
百度网盘
百年老店
万事如意
千山万水
一目了然
二维码
第一章
第一次使用
第3版
1949年
公元前221年
90后
小学三年级
6~12岁
30天
24小时在线
24小时内发货
10分钟上手
五分钟学会
可在2台电脑上使用
支持两台设备
100%棉布纹理
透明度50%
五折
A4纸
3D模型
16:9
1080p
5号字
最好先备份
最大宽度
最大化窗口
最近更新
最后一页
中国最大的湖泊
世界第一高峰
唯一标识符
顶级域名
三步上手
一键打开
两侧对齐
三原色
五线谱
七夕
双十一
十里洋场
一千多年的历史
数千年文明
千里之行，始于足下
万历十五年
百合与千日红
三体
一万小时定律
四川九寨沟风光
三个朋友
两位作者
海拔8848米
300公里
一带一路
万能胶
万一打不开
百叶窗
千斤顶
六边形
八仙过海
412个文件
三十一张照片
31 photos, 12 PDFs
over 400 files
about 120 pages
一本书
一套素材
第一
第一步，解压
第一手资料
第二次世界大战
十一月
星期三
三月的杭州
三峡风光
五岳
七彩云南
八达岭
九龙壁
十堰
百合花
百度一下
千与千寻
万圣节
万象
亿万富翁
三角函数
四边形
二次函数
高一数学
初三语文
高考3500词
三维建模
二战照片
一战
二手书
三农
四合院
五颜六色
六一儿童节
七上八下
八一建军节
九九重阳
十全十美
千千万万
万水千山
百折不挠
百闻不如一见
千篇一律
成语：一五一十
四级词汇
六级真题
英语四级
985高校
211院校
360度全景
12306购票
720全景
A3、A4、A5
Type-C
Win10、Win11均可打开
iOS 17
安卓14
微信8.0
中英双语
双击打开
三、使用方法
（一）说明
1. 打开压缩包
1、解压
2）打开
①解压②打开
2024版
2024 年最新版
2024最新
春夏秋冬四季
唐宋八大家
五代十国
二里头
三星堆
一楼二楼
五一假期
国庆7天
2月14日
下午3点
早上8:30
零基础
从零开始
0基础入门
一个人也能学会
两个人
几个步骤
几分钟就能学会
少于5分钟
1小时学会
最早的照片
最终版
最近十年
最初
最常见的鸟类
最美的风景
最高的山
唯一的条件是注明作者
世界第二大经济体
中国第一长河
第一届奥运会
万能表
the best of Bach
The Beatles, 1967
Best regards
Best wishes for 2025
all the best
the best known of these birds
sorted with the largest first
the largest size
largest birds of Africa
the tallest towers
Printed at 600 dpi on 120 gsm paper
每天十分钟，坚持学习
the oldest map of the city
the only known portrait
the only way
your only limit
one and all
at number 10 Downing Street
10 Downing Street
221B Baker Street
page 5
pp. 3-7
§ 5
Chapter 3
Act II, scene 3
Henry VIII
Louis XIV pictures
World War II photos
XIX century engravings
CD and DVD
CC BY 4.0
CC0
MIT licence
DIN A4
ISO 216
1:1 scale
1/2 inch
1/4 cup
3/4 time
5 cm
5-7 mm
10 kg
12 V
60 Hz
60 fps
100 m race
100 metres
the 100 metres final
1000 years old
2000 BC
A.D. 79
the 1960s
'68
the year 1984
1984 by George Orwell
Catch-22
Ocean's Eleven
Blade Runner 2049
2001: A Space Odyssey
The 39 Steps
Twelve Angry Men
Seven Samurai
Three Men in a Boat
The Sign of Four
A Tale of Two Cities
the two towers
the twelve apostles
the ten commandments
Forty-two
fifty-fifty
one by one
one or two words of advice
two thirds
three quarters
a second time
second edition
third party
fourth grade
grade 5
year 7 pupils
Key Stage 2
K-12
aged 3 and up
3+ years
for 5 year olds
Linux 6.1
macOS 14
Node 20
HTML5
C++17
GPT-4
Web 2.0
USB 3.0
Bluetooth 5
Wi-Fi 6
4K
8K
HD 1080
16-bit
32 bit and 64 bit
256 colours
sRGB, CMYK
#ff0000
#5
no. 5
Chanel No 5
P.O. Box 100
call 911
9/11
4 x 6 inch
8.5 x 11 in
18 x 24
one page per day
in two minutes
in under 10 minutes
takes 2 hours
Open 24/7
7 days
14 days to return
30-day refund
1 year of updates
version 3.1.4
v2
2nd edition
rev. 7
10th anniversary
20th century
50th birthday
1 USD
$5
5 dollars
€9.99
9,99 €
20% off
VAT 19%
10 percent grey
save 30%
two-sided
double page
half the size
half an hour
quarter past two
a million thanks
one in a million
first things first
second hand
zero waste
100% recycled paper
100 % linen
at 100% zoom
50/50
3D
2D
MP3 at 128k
128 kbit/s
10 Mbit
5 volts""".splitlines()

LOST = {
    "高考3500词",  # words that the files teach look like words that are counted in them
    "256 colours",  # colours of a picture look like a set of colours
}
"""Honest, and yet stopped: their sellers have to allow them under [listing.claims]."""
