// Set-up with the keyboard: comfort only. The keys work inside the list alone, and never while typing.
"use strict";

const PICKS = ["m", "n", "d"];

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("[data-row]");
  if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])")) return;
  const onRow = event.target === row; // arrows inside a choice move between its answers
  const down = event.key === "j" || (onRow && event.key === "ArrowDown");
  const up = event.key === "k" || (onRow && event.key === "ArrowUp");
  if (down || up) {
    const next = down ? row.nextElementSibling : row.previousElementSibling;
    if (!next?.matches("[data-row]")) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  } else if (PICKS.includes(event.key)) {
    const pick = row.querySelector(`[data-pick="${event.key}"]`);
    if (!pick) return;
    event.preventDefault();
    row.focus();
    pick.checked = true;
    pick.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// The button says how many are ticked.
function countTicked() {
  const button = document.querySelector("[data-ticked]");
  if (!button) return;
  const number = document.querySelectorAll("input[name=ticked]:checked").length;
  button.textContent = number === 0 ? "Don’t add the ticked children"
    : `Don’t add the ${number} ticked ${number === 1 ? "child" : "children"}`;
}
document.addEventListener("change", countTicked);
document.addEventListener("htmx:afterSwap", countTicked);

document.getElementById("problems")?.focus();
