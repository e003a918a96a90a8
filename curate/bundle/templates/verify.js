(function () {
  "use strict";
  var TAGS = "tagmanifest-sha256.txt", PAYLOAD = "manifest-sha256.txt", SIGNATURE = TAGS + ".minisig";
  var WHOLE = 512 * 1048576, SMALL = 16777216, PIECE = 4194304, SHOWN = 200;
  // What systems leave in folders that were only looked at.
  var JUNK = /(^|\/)(\.DS_Store|\._[^/]*|\.localized|Icon\r|Thumbs\.db|ehthumbs\.db|desktop\.ini|\.directory|\.nomedia|~\$[^/]*|\.~lock\.[^/]*#|(__MACOSX|@eaDir|\.thumbnails|\.Spotlight-V100|\.Trashes|\.fseventsd|\$RECYCLE\.BIN|System Volume Information)\/.*)$/i;
  // Whatever it is called, nobody's system leaves these: they are opened or run at a double click.
  var RUNS = /\.(exe|com|bat|cmd|scr|pif|msi|cpl|lnk|url|hta|jse?|vb[es]|ws[fh]|ps1|jar|sh|command|desktop|dmg|pkg|apk|x?html?|mht|mhtml|svg|chm|zip|7z|rar)$/i;
  // A folder with one of these is that of a bundle.
  var MARKS = ["bagit.txt", PAYLOAD, "VERIFY.html", "START-HERE.html"];
  var get = function (id) { return document.getElementById(id); };
  var words = JSON.parse(get("words").textContent), key = words.key;
  var subtle = window.crypto && window.crypto.subtle;

  function hex(bytes) {
    return [].map.call(new Uint8Array(bytes), function (one) { return one.toString(16).padStart(2, "0"); }).join("");
  }
  function base64(text) {
    return Uint8Array.from(atob(text.trim()), function (one) { return one.charCodeAt(0); });
  }
  function say(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }

  async function digest(file) {
    if (subtle && file.size <= WHOLE) return hex(await subtle.digest("SHA-256", await file.arrayBuffer()));
    var hash = new Sha256();
    for (var at = 0; at < file.size; at += PIECE) {
      hash.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    }
    return hash.hex();
  }

  // Path -> checksum. RFC 8493 writes line ends and percent signs of a path as %0A, %0D and %25.
  function rows(text, report) {
    var found = new Map();
    text.split(/\r\n|\r|\n/).forEach(function (line) {
      var row = /^([0-9a-fA-F]{64})[ \t]+\*?(?:\.\/)?(.+)$/.exec(line);
      if (row) {
        var path = row[2].replace(/%(0A|0D|25)/gi, function (code) { return String.fromCharCode(parseInt(code.slice(1), 16)); });
        found.set(path.normalize("NFC"), row[1].toLowerCase());
      } else if (line.trim()) report.odd += 1;
    });
    return found;
  }

  // minisign: "Ed" + id of the key + Ed25519 over the bytes; then the comment, signed with the first signature.
  async function vouched(bytes, text) {
    var lines = text.split(/\r?\n/), mine = base64(key), signature, second, comment;
    try {
      signature = base64(lines[1]);
      second = base64(lines[3]);
      comment = /^trusted comment: (.*)$/.exec(lines[2])[1];
    } catch (fault) { return { state: "broken" }; }
    if (signature.length !== 74 || second.length !== 64 || hex(signature.slice(0, 2)) !== "4564") return { state: "broken" };
    if (hex(signature.slice(2, 10)) !== hex(mine.slice(2, 10))) return { state: "foreign" };
    var opened;
    try { opened = await subtle.importKey("raw", mine.slice(10), { name: "Ed25519" }, false, ["verify"]); }
    catch (fault) { return { state: "unable" }; }
    var said = new TextEncoder().encode(comment), both = new Uint8Array(64 + said.length);
    both.set(signature.slice(10));
    both.set(said, 64);
    var good = await subtle.verify("Ed25519", opened, signature.slice(10), bytes)
      && await subtle.verify("Ed25519", opened, second, both);
    return good ? { state: "good", comment: comment } : { state: "wrong" };
  }
  async function signed(files, bytes) {
    var file = files.get(SIGNATURE);
    if (!key) return { state: file ? "keyless" : "none" };
    if (!file) return { state: "missing" };
    if (!subtle) return { state: "unable" };
    return vouched(bytes, await file.text());
  }

  function junk(path, listed) {
    if (!JUNK.test(path)) return false;
    // Macintoshes put "._NAME" beside NAME.
    return !RUNS.test(path) || (/(^|\/)\._[^/]*$/.test(path) && listed.has(path.replace(/\._([^/]*)$/, "$1")));
  }

  // Folders that hold a bag and lie in no other one: path with "/" at its end -> its files.
  function bags(list, report) {
    var files = new Map(), found = new Map();
    [].forEach.call(list, function (file) {
      var path = file.webkitRelativePath || file.name, name = path.normalize("NFC");
      // Two names that look the same: the one that is written as in the list is the seller's.
      if (!files.has(name)) files.set(name, file);
      else if (path !== name) report.extra.push(path);
      else {
        report.extra.push(files.get(name).webkitRelativePath);
        files.set(name, file);
      }
    });
    var tops = Array.from(files.keys()).filter(function (path) { return path.split("/").pop() === TAGS; })
      .map(function (path) { return path.slice(0, -TAGS.length); })
      .sort(function (a, b) { return a.length - b.length; });
    tops.forEach(function (top) {
      if (!Array.from(found.keys()).some(function (other) { return top.indexOf(other) === 0; })) found.set(top, new Map());
    });
    files.forEach(function (file, path) {
      found.forEach(function (inside, top) { if (path.indexOf(top) === 0) inside.set(path.slice(top.length), file); });
    });
    // Without its list of checksums a bundle cannot be vouched for by another one that lies in it.
    var bare = new Set();
    files.forEach(function (file, path) {
      var at = path.lastIndexOf("/") + 1, inside = Array.from(found.keys()).some(function (top) { return path.indexOf(top) === 0; });
      if (!inside && MARKS.indexOf(path.slice(at)) >= 0) bare.add(path.slice(0, at) + TAGS);
    });
    report.missing = Array.from(bare);
    return found;
  }

  async function check(top, files, report) {
    var bytes = await files.get(TAGS).arrayBuffer(), listed = rows(new TextDecoder().decode(bytes), report);
    report.signatures.push(await signed(files, bytes));
    if (!listed.has(PAYLOAD)) report.missing.push(top + PAYLOAD);
    else if (files.has(PAYLOAD)) {
      rows(await files.get(PAYLOAD).text(), report).forEach(function (sum, path) { listed.set(path, sum); });
    }
    var here = [];
    listed.forEach(function (sum, path) {
      if (files.has(path)) here.push([path, sum, files.get(path)]);
      else report.missing.push(top + path);
    });
    files.forEach(function (file, path) {
      if (!listed.has(path) && path !== TAGS && path !== SIGNATURE && !junk(path, listed)) report.extra.push(top + path);
    });
    report.total += here.length;
    return here.map(function (one) { return { path: top + one[0], sum: one[1], file: one[2] }; });
  }

  async function run(list) {
    var report = { good: 0, total: 0, odd: 0, bad: [], unread: [], missing: [], extra: [], signatures: [] };
    var found = bags(list, report), work = [];
    if (!found.size && !report.missing.length) return null;
    for (var pair of found) work = work.concat(await check(pair[0], pair[1], report));
    var told = 0;
    async function one(job) {
      try {
        if (await digest(job.file) === job.sum) report.good += 1;
        else report.bad.push(job.path);
      } catch (fault) { report.unread.push(job.path); }
      told += 1;
      if (told % 20 === 0 || told === work.length || job.file.size > SMALL) progress(told, work.length);
    }
    // Small files four at a time, large ones alone: they are held in memory.
    var small = work.filter(function (job) { return job.file.size <= SMALL; }), next = 0;
    await Promise.all([1, 2, 3, 4].map(async function () { while (next < small.length) await one(small[next++]); }));
    for (var job of work) if (job.file.size > SMALL) await one(job);
    return report;
  }

  function progress(done, all) {
    get("bar").max = all;
    get("bar").value = done;
    get("at").textContent = say(words.progress, { done: done, all: all });
  }
  function line(kind, text) {
    var made = document.createElement(kind);
    made.textContent = text;
    return made;
  }
  // Names may hold characters that turn or hide text.
  function shown(path) { return path.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "\ufffd"); }
  function list(kind, paths) {
    if (!paths.length) return;
    var part = document.createElement("section"), rows = document.createElement("ul");
    paths.sort();
    part.className = kind;
    part.appendChild(line("h3", words[kind] + " (" + paths.length + ")"));
    part.appendChild(line("p", words[kind + "-help"]));
    paths.slice(0, SHOWN).forEach(function (path) {
      var row = document.createElement("li");
      row.appendChild(line("code", shown(path)));
      rows.appendChild(row);
    });
    if (paths.length > SHOWN) rows.appendChild(line("li", say(words.more, { n: paths.length - SHOWN })));
    part.appendChild(rows);
    get("lists").appendChild(part);
  }
  function verdict(kind, title, lines) {
    var panel = get("verdict");
    panel.className = "verdict " + kind;
    panel.hidden = false;
    panel.textContent = "";
    panel.appendChild(line("h2", title));
    lines.forEach(function (text) { panel.appendChild(line("p", text)); });
    panel.focus();
  }
  function tell(report) {
    get("lists").textContent = "";
    if (!report) { verdict("warn", words.nothing, [words["nothing-help"]]); return; }
    var failed = report.bad.length + report.unread.length + report.missing.length + report.odd;
    var states = report.signatures.map(function (one) { return one.state; });
    var worst = ["broken", "wrong", "foreign", "missing"].filter(function (one) { return states.indexOf(one) >= 0; })[0];
    var comments = report.signatures.map(function (one) { return one.comment; }).filter(Boolean);
    var spoken = worst || states.filter(function (one) { return one !== "good"; })[0] || "good";
    var lines = [say(words.counted, { good: report.good, total: report.total })];
    if (report.odd) lines.push(say(words.odd, { n: report.odd }));
    lines.push(say(words["signature-" + spoken], { comment: shown(comments.join(" · ")) }));
    if (failed || worst) verdict("bad", words.failed, lines);
    else if (report.extra.length) verdict("warn", words.added, lines);
    else verdict(spoken === "good" ? "good" : "plain", spoken === "good" ? words.right : words.whole, lines);
    ["bad", "unread", "missing", "extra"].forEach(function (kind) { list(kind, report[kind]); });
  }

  var input = get("folder");
  if (!("webkitdirectory" in input)) get("unable").hidden = false;
  input.addEventListener("change", async function () {
    if (!input.files.length) return;
    input.disabled = true;
    get("verdict").hidden = true;
    get("lists").textContent = "";
    get("busy").hidden = false;
    progress(0, input.files.length);
    var report = null;
    try { report = await run(input.files); tell(report); }
    catch (fault) { verdict("bad", words.stopped, [String(fault.message || fault)]); }
    get("busy").hidden = true;
    input.disabled = false;
  });
})();
