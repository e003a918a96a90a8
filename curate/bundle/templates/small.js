(function () {
  "use strict";
  var plain = function (text) { return text.normalize("NFKC").toLowerCase(); };
  var box = document.getElementById("q"), out = document.getElementById("n"), none = document.getElementById("none");
  var sections = [].map.call(document.querySelectorAll("section[data-cards]"), function (section) {
    return { node: section, cards: [].map.call(section.querySelectorAll("li"), function (card) {
      return { node: card, text: plain(card.textContent + " " + (card.dataset.w || "")) };
    }) };
  });
  function filter() {
    var words = plain(box.value).split(/\s+/).filter(Boolean), found = 0;
    sections.forEach(function (section) {
      var here = 0;
      section.cards.forEach(function (card) {
        var fits = words.every(function (word) { return card.text.indexOf(word) >= 0; });
        card.node.hidden = !fits;
        if (fits) here += 1;
      });
      section.node.hidden = !here;
      found += here;
    });
    document.getElementById("toc").hidden = words.length > 0;
    out.textContent = words.length ? out.dataset.t.replace("#", found) : "";
    none.hidden = found > 0;
  }
  box.addEventListener("input", filter);
  box.addEventListener("keydown", function (event) { if (event.key === "Escape") { box.value = ""; filter(); } });
  document.getElementById("find").hidden = false;
  if (box.value) filter();
})();
