(function () {
  "use strict";
  var STEP = 60, FACETS = ["kind", "format", "language", "license"];
  var get = function (id) { return document.getElementById(id); };
  var plain = function (text) { return text.normalize("NFKC").toLowerCase(); };
  var words = JSON.parse(get("words").textContent);
  var box = get("q"), browse = get("browse"), result = get("result"), hits = get("hits"), more = get("more");
  var sections = [].slice.call(browse.querySelectorAll("section"));
  var labels = sections.map(function (section) { return section.querySelector("h2").firstChild.nodeValue.trim(); });

  // A row: part, title, kind, format, language, license, text, node() that draws its card.
  function row(part, title, facets, text, node) {
    return { part: part, title: plain(title), facets: facets, text: plain(text), node: node };
  }
  function fromPage(item, part) {
    var told = item.dataset, title = item.querySelector("b").textContent;
    return row(part, title, [told.k, told.f, told.g, told.l], item.textContent + " " + told.w, function () {
      return item.cloneNode(true);
    });
  }
  // section, title, href, kind, label, meta, description, words, picture, language, license
  function fromData(one) {
    var text = [one[1], one[4], one[5], one[6], one[7]].join(" ");
    return row(one[0], one[1], [one[3], one[4], one[9], one[10]], text, function () { return card(one); });
  }
  function make(name, kind, text, language) {
    var made = document.createElement(name);
    if (kind) made.className = kind;
    if (text) made.textContent = text;
    if (language) made.lang = language;
    return made;
  }
  function card(one) {
    var item = make("li"), shot = make("span", "shot"), what = make("div", "what");
    if (one[8]) {
      var image = make("img");
      image.loading = "lazy"; image.alt = ""; image.src = one[8];
      shot.appendChild(image);
    } else {
      shot.className = "shot tile " + one[3] + (one[4].length > 6 ? " long" : "");
      shot.textContent = one[4];
      shot.setAttribute("aria-hidden", "true");
    }
    var link = make("a", "", "", one[9]), meta = make("span", "meta");
    link.href = one[2];
    link.appendChild(make("b", "", one[1]));
    meta.appendChild(make("span", "chip " + one[3], one[4]));
    meta.appendChild(document.createTextNode(one[5]));
    what.appendChild(link); what.appendChild(meta);
    if (one[6]) what.appendChild(make("p", "", one[6], one[9]));
    item.appendChild(shot); item.appendChild(what);
    return item;
  }
  var rows = [], told = get("rows") ? JSON.parse(get("rows").textContent) : window.TOC;
  if (told) rows = told.map(fromData);
  else sections.forEach(function (section, part) {
    [].forEach.call(section.querySelectorAll(".cards>li"), function (item) { rows.push(fromPage(item, part)); });
  });

  function fill(target, button, source, shown, draw) {
    function next() {
      var piece = document.createDocumentFragment();
      source.slice(shown, shown + STEP).forEach(function (one) { piece.appendChild(draw(one)); });
      target.appendChild(piece);
      shown += STEP;
      button.hidden = shown >= source.length;
    }
    button.onclick = function () {
      var last = target.lastElementChild;
      next();
      var link = last && last.nextElementSibling && last.nextElementSibling.querySelector("a");
      if (link) link.focus({ preventScroll: true });
    };
    if (shown) button.hidden = shown >= source.length;
    else next();
  }
  if (told) sections.forEach(function (section, part) {
    var target = section.querySelector(".cards"), button = section.querySelector("button");
    var mine = rows.filter(function (one) { return one.part === part; });
    if (target) fill(target, button, mine, target.children.length, function (one) { return one.node(); });
  });

  var names = null;
  try { names = new Intl.DisplayNames([document.documentElement.lang], { type: "language" }); } catch (fault) { names = null; }
  function label(facet, value) {
    if (facet === 0) return words.kinds[value] || value;
    if (facet === 3) return value || words.reserved;
    if (!value) return words.unknown;
    try { return facet === 2 && names ? names.of(value) : value; } catch (fault) { return value; }
  }
  var selects = FACETS.map(function (name, facet) {
    var counts = {}, select = make("select");
    rows.forEach(function (one) { counts[one.facets[facet]] = (counts[one.facets[facet]] || 0) + 1; });
    var values = Object.keys(counts).sort(function (a, b) { return counts[b] - counts[a] || (a < b ? -1 : 1); });
    select.id = "f-" + name;
    select.add(new Option(words.all, "*"));
    values.forEach(function (value) { select.add(new Option(label(facet, value), "=" + value)); });
    if (values.length > 1) {
      var line = make("label", "", words[name]);
      line.appendChild(select);
      get("facets").appendChild(line);
    }
    select.addEventListener("change", filter);
    return select;
  });
  get("fold").hidden = !get("facets").firstChild;

  function fits(one, but) {
    return selects.every(function (select, facet) {
      return facet === but || select.value === "*" || select.value === "=" + one.facets[facet];
    });
  }
  // How many each choice would leave, with the words and all the other filters as they are.
  function count(found) {
    selects.forEach(function (select, facet) {
      var counts = {};
      found.forEach(function (one) {
        if (fits(one, facet)) counts["=" + one.facets[facet]] = (counts["=" + one.facets[facet]] || 0) + 1;
      });
      select.className = select.value === "*" ? "" : "on";
      [].slice.call(select.options, 1).forEach(function (option) {
        var here = counts[option.value] || 0;
        option.text = label(facet, option.value.slice(1)) + " (" + here + ")";
        option.disabled = !here && !option.selected;
      });
    });
  }
  function filter() {
    var asked = plain(box.value).split(/\s+/).filter(Boolean);
    var chosen = selects.some(function (select) { return select.value !== "*"; });
    var searching = asked.length > 0 || chosen;
    var spoken = rows.filter(function (one) {
      return asked.every(function (word) { return one.text.indexOf(word) >= 0; });
    });
    count(spoken);
    remember();
    browse.hidden = searching;
    result.hidden = !searching;
    hits.textContent = "";
    if (!searching) { get("n").textContent = ""; return; }
    var found = spoken.filter(function (one) { return fits(one); });
    if (asked.length) {
      // What has the words in its title comes first; the sort is stable.
      var named = function (one) { return asked.every(function (word) { return one.title.indexOf(word) >= 0; }) ? 0 : 1; };
      found = found.map(function (one) { return [named(one), one]; })
        .sort(function (a, b) { return a[0] - b[0]; }).map(function (pair) { return pair[1]; });
    }
    fill(hits, more, found, 0, function (one) {
      var item = one.node();
      item.querySelector(".what").appendChild(make("span", "in", labels[one.part]));
      return item;
    });
    get("n").textContent = found.length === 1 ? words.one : words.found.replace("#", found.length);
    get("none").hidden = found.length > 0;
    if (get("find").getBoundingClientRect().top <= 0) get("find").parentNode.scrollIntoView();
  }
  function clear() {
    box.value = "";
    selects.forEach(function (select) { select.value = "*"; });
    filter();
  }

  // Back from a file: the search is as it was.
  function remember() {
    try {
      history.replaceState({ q: box.value, f: selects.map(function (one) { return one.value; }) }, "");
    } catch (fault) { return; }
  }
  function recall() {
    var state = history.state;
    if (!state || !state.f) return;
    box.value = state.q;
    selects.forEach(function (select, facet) {
      select.value = state.f[facet];
      if (select.selectedIndex < 0) select.value = "*";
    });
  }

  // Arrows walk from the box through what is shown, and back.
  function step(event) {
    var down = event.key === "ArrowDown", links = [].slice.call(hits.querySelectorAll("a"));
    var at = links.indexOf(document.activeElement);
    if (result.hidden || at < 0 && document.activeElement !== box) return;
    event.preventDefault();
    if (down && at + 1 < links.length) links[at + 1].focus();
    else if (!down && at >= 0) (links[at - 1] || box).focus();
  }
  var waiting = 0;
  box.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(filter, 60); });
  box.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.isComposing) return;
    clearTimeout(waiting);
    filter();
    var first = hits.querySelector("a");
    if (first) first.focus();
  });
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && !result.hidden) { clear(); box.focus(); }
    else if (event.key === "/" && !typing) { event.preventDefault(); box.focus(); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
  });
  get("clear").addEventListener("click", function () { clear(); box.focus(); });
  get("fold").addEventListener("click", function () {
    this.setAttribute("aria-expanded", String(get("facets").classList.toggle("open")));
  });
  var links = [].slice.call(document.querySelectorAll("#toc a"));
  links.forEach(function (link) { link.addEventListener("click", function () { if (!result.hidden) clear(); }); });
  if (window.matchMedia("(max-width:60rem)").matches && links.length > 4) get("toc").open = false;
  if (window.IntersectionObserver) {
    var seen = {};
    var watch = new IntersectionObserver(function (changes) {
      changes.forEach(function (one) { seen[one.target.id] = one.isIntersecting; });
      var here = sections.filter(function (one) { return seen[one.id]; })[0];
      links.forEach(function (link) {
        if (here && link.hash === "#" + here.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    }, { rootMargin: "-140px 0px -55% 0px" });
    sections.forEach(function (section) { watch.observe(section); });
  }
  get("find").hidden = false;
  recall();
  filter();
})();
