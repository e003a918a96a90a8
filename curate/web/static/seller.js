// Keys and copying. Every action works without this: it presses what the page shows.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const typing = (el) => el && (el.matches("textarea, select, [contenteditable]") ||
    (el.matches("input") && !/^(checkbox|radio|button|submit)$/.test(el.type)));
  const help = document.getElementById("keys");

  function show() {
    const list = help.querySelector("dl");
    list.replaceChildren();
    const told = all("[data-key][data-label]").map((el) => [el.dataset.key, el.dataset.label]);
    if (all("[data-row]").length > 1 && !told.some(([key]) => key === "j")) {
      told.push(["j k", document.querySelector("main").dataset.rows || "↓ ↑"]);
    }
    told.push(["?", document.getElementById("keys-title").textContent]);
    for (const [key, label] of told) {
      const row = document.createElement("div");
      const dt = document.createElement("dt");
      const dd = document.createElement("dd");
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      dt.append(kbd);
      dd.textContent = label;
      row.append(dt, dd);
      list.append(row);
    }
    help.showModal();
  }

  function step(by) {
    const rows = all("[data-row]").filter((el) => el.offsetParent !== null);
    if (!rows.length) return false;
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  let sent = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && typing(document.activeElement)) {
      document.activeElement.blur();
      return;
    }
    if (help.open || typing(event.target) || sent || event.repeat && !/^[jk]$/.test(event.key)) return;
    const key = event.key === "、" || event.key === "／" ? "/" : event.key === "？" ? "?" : event.key;
    if (key === "?") {
      event.preventDefault();
      show();
      return;
    }
    const found = all("[data-key]").find((el) => el.dataset.key === key || el.dataset.also === key);
    if (found) {
      event.preventDefault();
      if (typing(found)) {
        found.focus();
        if (found.select) found.select();
      } else {
        found.click();
      }
    } else if (key === "j" || key === "k") {
      if (step(key === "j" ? 1 : -1)) event.preventDefault();
    }
  });

  // One press, one answer: who is quicker than the server would answer about the next one.
  document.addEventListener("submit", (event) => {
    if (event.target.method === "dialog") return;
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => { sent = false; });

  // What is written beside a choice makes that choice.
  for (const field of all("[data-way]")) {
    field.addEventListener("input", () => {
      const choice = field.form.querySelector(`[name="way"][value="${field.dataset.way}"]`);
      if (choice) choice.checked = true;
    });
  }

  for (const button of all("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = button.parentElement.querySelector("textarea, input");
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        field.select();
        document.execCommand("copy");
      }
      const before = button.textContent;
      button.textContent = "✓ " + before;
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  }
})();
