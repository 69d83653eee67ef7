// Comfort only: every page works without this.
"use strict";

// One menu open at a time; Escape closes it and gives the focus back.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.menu") || !event.target.open) return;
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (menu !== event.target) menu.open = false;
  });
}, true);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

// A link that looks like a button answers the space bar too, as a button does.
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.("a[role=button]")) { event.preventDefault(); event.target.click(); }
});

// After a part of the page was renewed: say what is there now, and keep the focus where it was.
document.addEventListener("htmx:afterSwap", (event) => {
  const before = event.detail.target; // what was there; it may have been replaced as a whole
  const now = (before.id && document.getElementById(before.id)) || event.target;
  const said = now.matches("[data-announce]") ? now : now.querySelector("[data-announce]");
  const text = said?.dataset?.announce;
  if (text) document.getElementById("announce").textContent = text;
});

// When a part of the page is not answered, say so instead of doing nothing, until one is.
const trouble = (text) => {
  const told = document.getElementById("trouble");
  told.textContent = text;
  told.hidden = !text;
};
document.addEventListener("htmx:sendError", () => trouble("Parkway cannot be reached. Check the connection and try again."));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status < 500) return;
  trouble("Parkway could not do that just now. Wait a minute, load the page again, and look whether your last change is there.");
});
document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.xhr.status < 400) trouble(""); });
