(function () {
  "use strict";
  var STEP = 60;
  var plain = function (text) { return text.normalize("NFKC").toLowerCase(); };
  var rows = window.TOC || [], texts = null;
  var box = document.getElementById("q"), out = document.getElementById("n"), none = document.getElementById("none");
  var list = document.getElementById("hits"), sections = [].slice.call(document.querySelectorAll("section[data-cards]"));
  function node(name, kind, text) {
    var made = document.createElement(name);
    if (kind) made.className = kind;
    if (text) made.textContent = text;
    return made;
  }
  // row: section, title, href, kind, label, meta, description, words, picture
  function card(row) {
    var item = node("li"), link = node("a", "card"), shot = node("span", "shot"), what = node("span", "what");
    link.href = row[2];
    if (row[8]) {
      var image = node("img");
      image.loading = "lazy"; image.alt = ""; image.src = row[8];
      shot.appendChild(image);
    } else {
      shot.className = "shot tile " + row[3] + (row[4].length > 6 ? " long" : "");
      shot.textContent = row[4];
    }
    what.appendChild(node("b", "", row[1]));
    var meta = node("span", "meta");
    meta.appendChild(node("span", "chip " + row[3], row[4]));
    meta.appendChild(document.createTextNode(row[5]));
    what.appendChild(meta);
    if (row[6]) what.appendChild(node("p", "", row[6]));
    link.appendChild(shot); link.appendChild(what); item.appendChild(link);
    return item;
  }
  function fill(target, button, source) {
    var shown = 0;
    function next() {
      var piece = document.createDocumentFragment();
      source.slice(shown, shown + STEP).forEach(function (row) { piece.appendChild(card(row)); });
      target.appendChild(piece);
      shown += STEP;
      button.hidden = shown >= source.length;
    }
    target.textContent = "";
    button.onclick = next;
    next();
  }
  var parts = sections.map(function () { return []; });
  rows.forEach(function (row) { parts[row[0]].push(row); });
  sections.forEach(function (section, number) {
    var target = section.querySelector("ul"), button = section.querySelector("button"), done = false;
    var draw = function () { if (!done) { done = true; fill(target, button, parts[number]); } };
    if (window.IntersectionObserver) {
      new IntersectionObserver(function (seen, watch) {
        if (seen.some(function (one) { return one.isIntersecting; })) { watch.disconnect(); draw(); }
      }, { rootMargin: "800px" }).observe(section);
    } else draw();
  });
  function filter() {
    var words = plain(box.value).split(/\s+/).filter(Boolean), searching = words.length > 0;
    document.getElementById("browse").hidden = searching;
    document.getElementById("result").hidden = !searching;
    out.textContent = "";
    none.hidden = true;
    if (!searching) return;
    texts = texts || rows.map(function (row) { return plain([row[1], row[4], row[5], row[6], row[7]].join(" ")); });
    var found = rows.filter(function (row, number) {
      return words.every(function (word) { return texts[number].indexOf(word) >= 0; });
    });
    fill(list, document.getElementById("more"), found);
    out.textContent = out.dataset.t.replace("#", found.length);
    none.hidden = found.length > 0;
  }
  var waiting = 0;
  box.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(filter, 80); });
  box.addEventListener("keydown", function (event) { if (event.key === "Escape") { box.value = ""; filter(); } });
  document.getElementById("find").hidden = false;
  if (box.value) filter();
})();
