// The code stands behind the # of the link: browsers never send that, and it is taken out of sight at once.
"use strict";
function enter() {
  const form = document.getElementById("open");
  const code = location.hash.slice(1);
  if (!form || !/^[0-9A-Za-z-]{20,60}$/.test(code)) return;
  history.replaceState(null, "", location.pathname);
  form.elements.code.value = code;
  form.elements.number.value = "";
  form.submit();
}
addEventListener("hashchange", enter);
enter();
