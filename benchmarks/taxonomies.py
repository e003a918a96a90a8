"""What a curator would write down for two vocabularies: words for each category, before they were tried."""

from __future__ import annotations

TOPICS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "science/technology": "science scientist technology research computer internet software physics "
        "chemistry biology genetic atom electron telescope satellite space planet moon rocket 科学 科學 技术 "
        "技術 研究 计算机 電腦 电脑 网络 互联网 網際網路 软件 物理 化学 化學 生物 基因 原子 电子 電子 卫星 衛星 太空 行星 月球 火箭 实验 實驗",
        "travel": "travel tourist tourism hotel flight airline airport passport visa trip cruise ticket "
        "backpack destination resort 旅行 旅游 旅遊 游客 遊客 酒店 飯店 航班 航空 机场 機場 护照 護照 签证 簽證 行程 背包",
        "politics": "politics political government president minister election vote parliament senator "
        "party treaty congress policy protest 政治 政府 总统 總統 部长 总理 總理 选举 選舉 投票 议会 議會 参议员 条约 條約 政策 政党 抗议 抗議",
        "sports": "sport athlete football soccer basketball tennis olympic championship tournament coach "
        "match team player goal race cup 体育 體育 运动员 運動員 足球 篮球 籃球 网球 網球 奥运 奧運 冠军 冠軍 锦标赛 錦標賽 教练 教練 比赛 比賽 "
        "球队 球隊 球员 球員",
        "health": "health disease patient doctor hospital virus infection vaccine medicine medical symptom "
        "drug pandemic injury 健康 疾病 患者 病人 医生 醫生 医院 醫院 病毒 感染 疫苗 药物 藥物 医疗 醫療 症状 症狀",
        "entertainment": "film movie music song album singer actor actress television concert festival "
        "theatre show band celebrity 电影 電影 音乐 音樂 歌曲 专辑 歌手 演员 演員 电视 電視 演唱会 节目 節目 剧院 娱乐",
        "geography": "geography river lake mountain sea ocean island coast valley desert continent climate "
        "region peninsula 地理 河流 湖泊 山脉 山脈 海洋 岛屿 島嶼 海岸 沙漠 大陆 大陸 气候 氣候 半岛 半島 公里 平方",
    }.items()
}
"""The seven topics of SIB-200, in ten minutes."""

SECTIONS: dict[str, tuple[str, ...]] = {
    name: tuple(word.strip() for word in words.split(","))
    for name, words in {
        "admin": "system administration, administrator, admin, daemon, monitoring, backup, cluster, init, boot, package manager, dpkg, apt, cron, sudo, pam, user accounts, disk, partition, raid, lvm, hardware detection, virtual machine, container, logging, syslog, systemd, configuration management",
        "cli-mono": "mono, cli, cil, .net, c#",
        "comm": "modem, serial, fax, telephony, asterisk, sms, voip, pbx, sip, terminal emulator for serial",
        "database": "database, sql, mysql, mariadb, postgresql, sqlite, dbms, redis, ldap, odbc, postgis",
        "debug": "debug symbols, dbg, dbgsym, debugging symbols",
        "devel": "development tools, compiler, gcc, cross compiler, debugger, build system, build tool, ide, linker, assembler, source code, code generator, parser generator, toolchain, sdk, profiler, unit test, clang, llvm, binutils",
        "doc": "doc, docs, documentation, manual, handbook, howto, reference manual, guide, tutorial, book, examples, api documentation, common documentation",
        "editors": "editor, text editor, emacs, vim, vi, hex editor, word processor, office suite, libreoffice, openoffice",
        "education": "education, educational, school, teaching, learning, pupils, students, children",
        "electronics": "electronics, circuit, circuit simulator, pcb, vhdl, verilog, fpga, spice, avr, arduino, microcontroller, eda, schematic, oscilloscope, logic analyzer, jtag, gerber",
        "embedded": "embedded, embedded systems, handheld, firmware, pda, arm boards",
        "fonts": "font, fonts, typeface, truetype, opentype, serif, sans serif, glyphs, monospaced font, 字体",
        "games": "game, games, puzzle, arcade, chess, shooter, strategy game, role playing, adventure, multiplayer, card game, racing, sudoku, tetris, quake, doom, platformer, clone of",
        "gnome": "gnome, gnome shell, nautilus, gedit, evolution, mate, cinnamon, gnome applet",
        "gnu-r": "r-cran, r-bioc, gnu r, r package, cran, bioconductor",
        "gnustep": "gnustep, openstep, nextstep, objective-c, window maker",
        "golang": "golang, go library, go package, go language, for go",
        "graphics": "graphics, image, images, image viewer, photo, photos, drawing, paint, raytracer, 3d modeller, scanner, png, jpeg, svg, pdf viewer, camera, raw photos, gimp, icon editor, opengl viewer",
        "hamradio": "ham radio, amateur radio, hamradio, aprs, packet radio, sdr, software defined radio, morse, antenna, ax25, radio amateurs",
        "haskell": "haskell, ghc, libghc, cabal, monad",
        "httpd": "httpd, http server, web server, apache, nginx, lighttpd, apache module, nginx module, reverse proxy",
        "interpreters": "interpreter, scripting language, lua, tcl, scheme interpreter, language interpreter, virtual machine for language, guile, basic interpreter, forth, erlang, interpreted",
        "introspection": "introspection, gir, gobject introspection, gobject introspection data, typelib",
        "java": "java, jdk, jre, openjdk, maven, jar, jvm, servlet, libjava, clojure, groovy, scala",
        "javascript": "javascript, node, nodejs, node.js, js, libjs, jquery, npm, ecmascript, webpack, browser library",
        "kde": "kde, plasma, kde frameworks, konqueror, kdepim, qt application for kde, kpart, akonadi, kirigami",
        "kernel": "kernel, linux kernel, kernel module, kernel modules, linux image, linux headers, linux-image, linux-headers, dkms, module source, device driver",
        "libdevel": "development files, dev, headers, header files, development headers, static library, development libraries, development package, devel files",
        "libs": "shared library, shared libraries, runtime library, library, libraries, shared libs, lib, plugin for library, runtime libraries",
        "lisp": "lisp, common lisp, emacs lisp, scheme, elisp, elpa, emacs mode, cl-, sbcl, clojure library, emacs package",
        "localization": "localization, translation, translations, language pack, locale, l10n, i18n, language files, hunspell dictionary translation, internationalization, message catalogs",
        "mail": "mail, email, e-mail, smtp, imap, pop3, mailing list, mail server, mta, spam, mail client, maildir, sieve, mail filter, postfix, exim, dovecot",
        "math": "math, mathematics, algebra, calculator, linear algebra, numerical, theorem prover, sat solver, geometry, computer algebra, plotting, matrix, number theory, statistics, octave, solver",
        "metapackages": "metapackage, metapackages, meta package, meta-package, dependency package, depends on, task packages, blend metapackage",
        "misc": "miscellaneous, data files, common files, misc, wordlist, keyring, theme, icon theme",
        "net": "network, networking, internet, tcp, ip, client, irc, ftp, ssh, dns, dhcp, vpn, firewall, router, proxy, messenger, jabber, xmpp, bittorrent, wireless, wifi, packet sniffer, openstack, bluetooth, telnet, nfs",
        "news": "usenet, news, nntp, newsreader, news server, rss",
        "ocaml": "ocaml, objective caml, caml, ocaml runtime",
        "oldlibs": "transitional package, transitional, dummy package, obsolete library, old library, compatibility package, transition",
        "otherosfs": "emulator, other operating systems, windows, dos, foreign filesystem, cross development for windows, mingw, wine, amiga, commodore, hfs, ntfs, fat filesystem",
        "perl": "perl, perl module, cpan, libperl, moose, catalyst, dancer, perl extension",
        "php": "php, pear, php library, symfony, composer, php extension, zend, pecl, horde",
        "python": "python, python 3, python3, python module, django, flask, pypi, python bindings, python library, numpy",
        "ruby": "ruby, rubygem, gem, rails, ruby library, rack, rubygems",
        "rust": "rust, crate, cargo, rust source code, librust, feature, rust library",
        "science": "science, scientific, biology, bioinformatics, chemistry, physics, astronomy, molecular, dna, sequence, genome, neuroscience, gis, simulation, analysis of data, crystallography, spectroscopy, geospatial, protein, sequencing, phylogenetic, medical imaging, robot",
        "shells": "shell, bash, zsh, fish shell, csh, command shell, login shell, ksh, completion",
        "sound": "sound, audio, music, mp3, midi, synthesizer, player, music player, alsa, jack, pulseaudio, ogg, mixer, lv2, ladspa, audio plugin, cd ripper, sound font, sampler, speech",
        "tasks": "task, tasks, blend tasks, environment task, localisation task, desktop task, education task",
        "tex": "tex, latex, bibtex, texlive, tex live, context macros, typesetting",
        "text": "text processing, text, dictionary, spell checker, ispell, aspell, hunspell, markdown, xml, docbook, sgml, pdf tools, formatter, converter, ocr, man pages, wordlist, diff, pager, asciidoc, bible, postscript",
        "utils": "utility, utilities, tools, tool, file manager, archive, compression, command line tool, file utility, cd burning, calendar, todo, encryption, usb tool, file renaming, clipboard, search files, checksum, gnupg, smart card",
        "vcs": "version control, git, subversion, svn, mercurial, bzr, cvs, darcs, revision control, repository, scm, git repositories",
        "video": "video, movie, dvd, tv, mpeg, video player, media player, webcam, film, subtitles, vdr, streaming, gstreamer, television, video editor, mkv",
        "web": "web, browser, web browser, website, html, css, wiki, blog, cms, content management, web application, firefox, chromium, http client, bookmarks, web interface, wordpress",
        "x11": "x11, x window, x server, xorg, window manager, desktop, desktop environment, xterm, display manager, screensaver, gtk theme, wayland, desktop themes, panel, dock, wallpaper, tray, keyboard layout, screen locker",
        "xfce": "xfce, xfce4, thunar, xfce panel, xfwm4",
        "zope": "zope, plone, zope2",
    }.items()
}
"""The sections of Debian, in half an hour; from general knowledge of them."""
