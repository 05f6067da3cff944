// Shortcuts of single keys on officers' pages. Without this file everything works by links and forms; it is not sent to
// accounts that switched shortcuts off. Keys do nothing while something is typed or together with other keys.

const items = () => [...document.querySelectorAll("[data-item]")].filter(one => one.getClientRects().length);
const typing = target => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
let here = null;

function current() {
  const held = document.activeElement?.closest?.("[data-item]");
  if (held) return held;
  return here && document.contains(here) ? here : null;
}

function go(step) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(current());
  const to = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
  here?.classList.remove("here");
  here = to;
  to.classList.add("here");
  if (!to.hasAttribute("tabindex")) to.tabIndex = -1;
  to.focus({preventScroll: true});
  to.scrollIntoView({block: "nearest"});
}

function open() {
  const link = current()?.querySelector("[data-open], a[href]");
  if (link) link.click();
}

function choose() {
  const box = current()?.querySelector("input[type=checkbox]");
  if (box) box.click();
}

function tick() {
  current()?.querySelector("form[data-mark]")?.requestSubmit();
}

// Opens a folded part and puts the cursor into its first field.
function reveal(part) {
  if (!part) return;
  part.closest("details")?.setAttribute("open", "");
  if (part instanceof HTMLDetailsElement) part.open = true;
  part.scrollIntoView({block: "center"});
  const to = part.matches("a, button") ? part : part.querySelector("textarea, select, input:not([type=hidden]), button");
  to?.focus();
}

function comment() {
  const item = current();
  reveal(item?.querySelector("details.say:last-of-type") ?? document.querySelector("#comments ~ details.say"));
}

function help() {
  const told = document.getElementById("keys-help");
  if (told && !told.open) told.showModal();
}

const keys = {
  j: () => go(1),
  k: () => go(-1),
  o: open,
  x: choose,
  v: tick,
  c: comment,
  a: () => reveal(document.querySelector("[data-act=pass]")),
  r: () => reveal(document.querySelector("[data-act=return]")),
  "/": () => document.getElementById("seek")?.focus(),
  "?": help,
};

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const act = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
  if (!act) return;
  event.preventDefault();
  act();
});

// A tick is sent without loading the page again; if that fails, the form is sent as it would be without this file.
document.addEventListener("submit", async event => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-mark") || form.dataset.plain) return;
  event.preventDefault();
  try {
    const answer = await fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual"});
    if (answer.type !== "opaqueredirect") throw new Error(String(answer.status));
    const viewed = form.elements.namedItem("on").value === "1";
    // The same item may stand on the page twice: in the timeline and among the records.
    for (const twin of document.querySelectorAll("form[data-mark]")) {
      if (twin.elements.namedItem("events").value !== form.elements.namedItem("events").value) continue;
      twin.elements.namedItem("on").value = viewed ? "0" : "1";
      twin.querySelector("button").setAttribute("aria-pressed", String(viewed));
      twin.closest("[data-item]")?.classList.toggle("seen", viewed);
    }
  } catch {
    form.dataset.plain = "1";
    form.submit();
  }
});
