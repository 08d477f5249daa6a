// The keyboard: go to a page, focus and decide the first ticket, halt; "?" shows them.

import { element } from "./dom.js";
import { halt } from "./halt.js";

const HELP = [
  ["1 … 9", "go to that page, counted from the left"],
  ["j", "focus the first waiting ticket"],
  ["a", "approve it: opens the confirmation, Enter confirms"],
  ["x", "reject it: write the reason, Enter sends it"],
  ["Shift + H", "halt at once"],
  ["?", "show or hide this"],
];
let overlay = null;

function toggleHelp() {
  if (overlay) {
    overlay.remove();
    overlay = null;
    return;
  }
  const rows = HELP.map(([keys, what]) => element("tr", {}, element("th", {}, element("kbd", {}, keys)), element("td", {}, what)));
  overlay = element("div", { class: "desk-help", role: "dialog", "aria-label": "keyboard", "data-testid": "help", onclick: toggleHelp },
    element("div", {}, element("h2", {}, "Keyboard"), element("table", {}, ...rows)));
  document.body.append(overlay);
}

function find(prefix, what = "button") {
  return document.querySelector(`[class*="st-key-${prefix}"] ${what}`);
}

async function focusWhenThere(prefix, what) {
  for (let i = 0; i < 40; i += 1) {
    const found = find(prefix, what);
    if (found) return found.focus();
    await new Promise((wake) => setTimeout(wake, 75));
  }
}

// Enter in the reason commits it first; the button is pressed once the script has it.
function sendRejection(target) {
  const row = target.closest?.('[class*="st-key-tickets-reason-"]')?.closest('[class*="st-key-tickets-row-"]');
  if (row) setTimeout(() => row.querySelector('[class*="st-key-tickets-reject-"] button')?.click(), 400);
}

function act(key) {
  if (key === "?") return toggleHelp();
  if (key === "H") return halt(document.querySelector('[data-testid="halt-said"]'), "pressed Shift+H");
  if (/^[1-9]$/.test(key)) return document.querySelectorAll('[data-testid="stTopNavLink"]')[Number(key) - 1]?.click();
  if (key === "j") return (find("tickets-approve") ?? find("tickets-reject"))?.focus();
  if (key === "a") {
    find("tickets-approve")?.click();
    return focusWhenThere("tickets-confirm", "button");
  }
  if (key === "x") return find("tickets-reason", "input")?.focus();
  return undefined;
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable=true], [role=combobox]");
  if (event.key === "Escape" && overlay) return toggleHelp();
  if (event.key === "Enter") sendRejection(event.target);
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return undefined;
  if (["?", "H", "j", "a", "x"].includes(event.key) || /^[1-9]$/.test(event.key)) {
    event.preventDefault();
    event.stopPropagation();
    act(event.key);
  }
  return undefined;
}, true);

export function showHelp() {
  toggleHelp();
}
