// What makes the page live: news from the runner, filters that act while one types, times that go on, the theme, and
// changes for those who have the token. Without this script every page still shows all it has.

const live = document.getElementById("live");
const EVERY = 10_000;

// --- what has changed ---

// Makes `old` like `fresh`, and touches only what differs: what has the focus keeps it.
function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh.cloneNode(true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  if ("keep" in old.dataset || "liveFilter" in old.dataset) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  for (let i = 0; i < after.length; i++) {
    if (i < before.length) morph(before[i], after[i]);
    else old.append(after[i].cloneNode(true));
  }
  for (const gone of before.slice(after.length)) gone.remove();
}

let asked = 0;

async function refresh() {
  const turn = ++asked;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  // A later question may have been answered before.
  if (turn !== asked) return;
  if (!answer.ok) throw new Error(fresh.querySelector(".problem")?.textContent ?? answer.statusText);
  morph(document.getElementById("main"), fresh.getElementById("main"));
  document.dispatchEvent(new CustomEvent("livecheck:changed"));
}

function say(text, isWell) {
  if (live.textContent !== text) live.textContent = text;
  live.classList.toggle("away", !isWell);
}

async function refreshed() {
  try {
    await refresh();
    say("● live", true);
  } catch (error) {
    say(`○ not live: ${error.message}`, false);
  }
}

// Another part of a chart, or the one before.
document.addEventListener("livecheck:address", refreshed);
addEventListener("popstate", refreshed);

let isFirst = true;
const events = new EventSource("/live");
events.addEventListener("changed", () => {
  // The page itself is as fresh as the first event.
  if (isFirst) say("● live", true);
  else refreshed();
  isFirst = false;
});
events.addEventListener("error", () => say("○ not live: the runner does not answer", false));
addEventListener("pagehide", () => events.close());

// --- times ---

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

function relative(at) {
  const ago = (Date.now() - at) / 1000;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(ago) >= length) ?? [];
  if (!unit) return "now";
  const count = `${Math.floor(Math.abs(ago) / length)} ${unit}`;
  return ago < 0 ? `in ${count}` : `${count} ago`;
}

setInterval(() => {
  for (const time of document.querySelectorAll("time")) {
    const text = relative(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}, EVERY);

// --- filters ---

for (const form of document.querySelectorAll("[data-live-filter]")) {
  let waiting;
  const act = () => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    // What a chart is zoomed into is not the form's.
    const given = new URLSearchParams(location.search);
    for (const name of ["from", "until"]) if (given.get(name)) query.set(name, given.get(name));
    history.replaceState(null, "", `${form.action.split("?")[0]}${query.size ? `?${query}` : ""}`);
    refreshed();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(act, 200);
  });
}

// --- keys: / searches, Escape leaves, j and k go through the rows ---

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && isTyping) event.target.blur();
  if (isTyping) return;
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
  const step = { j: 1, k: -1 }[event.key];
  if (step) {
    const links = [...document.querySelectorAll("tbody th a")];
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
  }
});

// --- the theme ---

const button = document.getElementById("theme");
const THEMES = ["auto", "light", "dark"];

function theme() {
  return document.documentElement.dataset.theme ?? "auto";
}

function label() {
  button.textContent = `Theme: ${theme()}`;
}

button.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    if (next === "auto") localStorage.removeItem("livecheck-theme");
    else localStorage.setItem("livecheck-theme", next);
  } catch {
    // It holds for this page.
  }
  label();
  document.dispatchEvent(new CustomEvent("livecheck:theme"));
});
label();

// --- changes ---

const changes = document.querySelector("[data-change]");

function tell(text, isWell) {
  const said = document.getElementById("changed");
  said.textContent = text;
  said.classList.toggle("problem", !isWell);
}

async function change(body) {
  try {
    const answer = await fetch(changes.dataset.change, {
      method: "POST",
      headers: { authorization: `Bearer ${document.getElementById("token").value}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { done, error } = await answer.json();
    tell(done ?? error, answer.ok);
  } catch (error) {
    tell(`Nothing was changed: ${error.message}`, false);
  }
}

// What each form asks for.
const CHANGES = {
  trigger: ({ arguments: given }) => ({ trigger: { arguments: object(given.value.trim()) } }),
  silence: ({ for: lasts, reason }) => ({ silence: { for: lasts.value.trim(), reason: reason.value.trim() } }),
  probability: ({ value, for: lasts }) => ({
    probability: { value: share(value.value.trim()), for: lasts.value.trim() || null },
  }),
};

function object(text) {
  try {
    return text ? JSON.parse(text) : {};
  } catch (error) {
    throw new Error(`The arguments are no JSON: ${error.message}`);
  }
}

// 10% or 0.1; nothing takes back what was set.
function share(text) {
  if (!text) return null;
  const share = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (Number.isNaN(share)) throw new Error(`\`${text}\` is no probability: expected a share such as 10% or 0.1`);
  return share;
}

changes?.addEventListener("submit", (event) => {
  event.preventDefault();
  tell("", true);
  try {
    change(CHANGES[event.target.dataset.kind](event.target.elements));
  } catch (error) {
    tell(error.message, false);
  }
});
