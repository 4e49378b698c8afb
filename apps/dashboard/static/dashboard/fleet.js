// The fleet page: rows kept live, a filter that searches as one types, keys for everything.
import { keysDialog, listen, tell, typing } from "./deeds.js";
import { ask, Link } from "./live.js";
import { clock, say } from "./numbers.js";
import { LiveRow } from "./rows.js";

const start = JSON.parse(document.getElementById("live").textContent);
const table = document.getElementById("fleet");
let rows = new Map();
let newest = new Map();

function gather(given) {
  rows = new Map();
  for (const row of given) {
    const root = table?.querySelector(`tr[data-bot="${row.number}"]`);
    if (root) rows.set(row.number, new LiveRow(root, row, start.rules));
  }
}

function take(given) {
  for (const row of given) {
    rows.get(row.number)?.take(row);
    const price = newest.get(row.live.market);
    if (price) rows.get(row.number)?.price(...price);
  }
}

async function reread() {
  const answer = await ask(`/now${location.search}`);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const now = await answer.json();
  clock.set(now.at);
  const there = now.rows.map((row) => row.number);
  if (there.length !== rows.size || there.some((number) => !rows.has(number))) return redraw();
  take(now.rows);
  for (const [name, [text, tone]] of Object.entries(now.totals.cells)) {
    say(document.querySelector(`[data-total="${name}"]`), text, tone);
  }
  document.getElementById("notes")?.replaceChildren(...now.totals.notes.flatMap((note) => {
    const line = document.createElement("span");
    line.textContent = note;
    return [line, " "];
  }));
  for (const [name, count] of Object.entries(now.counts)) {
    const shown = document.querySelector(`[data-count="${name}"]`);
    say(shown, String(count));
    shown?.toggleAttribute("data-none", count === 0);
  }
  system(now.system);
}

function system({ state, sentence, reason }) {
  const banner = document.getElementById("system");
  banner.dataset.state = state;
  banner.hidden = !sentence;
  say(banner.querySelector("b"), sentence);
  say(banner.querySelector("span"), reason);
}

// Other rows than the page holds: take the table anew, from the same address.
async function redraw() {
  const answer = await ask(location.pathname + location.search, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("fleet");
  if (!fresh || !table) { location.reload(); return; }
  const kept = selected()?.dataset.bot;
  table.replaceChildren(...fresh.childNodes);
  document.querySelector(".states")?.replaceWith(page.querySelector(".states"));
  gather(JSON.parse(page.getElementById("live").textContent).rows);
  select(table.querySelector(`tr[data-bot="${kept}"]`), false);
  link.follow();
}

const selected = () => table?.querySelector("tr[aria-selected]");

function select(row, scroll = true) {
  if (!row) return;
  selected()?.removeAttribute("aria-selected");
  row.setAttribute("aria-selected", "true");
  if (!scroll) return;
  row.querySelector("a").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = [...table.querySelectorAll("tbody tr")];
  const at = all.indexOf(selected());
  select(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]);
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  Enter: () => selected()?.querySelector("th a").click(),
  s: () => press("start"),
  p: () => press("pause"),
  x: () => press("stop"),
  "/": () => document.getElementById("q")?.select(),
};

function press(deed) {
  const button = selected()?.querySelector(`[data-deed="${deed}"]`);
  if (button && !button.disabled) button.click();
}

document.addEventListener("keydown", (event) => {
  if (typing(event) || !table) return;
  if (event.key === "Enter" && event.target.closest("a, button")) return;
  const act = keys[event.key];
  if (act) { event.preventDefault(); act(); }
});

const search = document.getElementById("search");
let waiting;
search?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const query = new URLSearchParams(new FormData(search));
    const state = new URLSearchParams(location.search).get("state");
    if (state) query.set("state", state);
    history.replaceState(null, "", `?${query}`);
    redraw().catch(() => tell("The server did not answer.", "error"));
  }, 250);
});
search?.addEventListener("submit", (event) => event.preventDefault());
search?.addEventListener("keydown", (event) => { if (event.key === "Escape") event.target.blur(); });

clock.set(start.at);
gather(start.rows);
keysDialog();
listen({
  nameOf: (button) => button.closest("tr").querySelector("th a").textContent,
  after: () => link.reread(),
});
const link = new Link({
  address: () => `/live/events?bots=${[...rows.keys()].join(",")}`,
  listeners: {
    reread,
    rows: take,
    prices: (prices) => {
      for (const [market, price] of Object.entries(prices)) newest.set(market, price);
      for (const row of rows.values()) {
        const price = prices[row.live.market];
        if (price) row.price(...price);
      }
    },
    beats: (beats) => {
      for (const row of rows.values()) {
        const at = beats[row.live.process];
        if (at) row.beat(at);
      }
    },
  },
});
setInterval(() => { for (const row of rows.values()) row.tick(); }, 1000);
