// The page of one bot: figures, charts, tables and log kept live.
import { drawCandles, drawEquity } from "./charts.js";
import { keysDialog, listen, typing } from "./deeds.js";
import { ask, Link } from "./live.js";
import { clock } from "./numbers.js";
import { LiveRow } from "./rows.js";

const start = JSON.parse(document.getElementById("live").textContent);
const root = document.getElementById("bot");
const address = root.dataset.address;
const MOST_LINES = 300;

clock.set(start.at);
const row = new LiveRow(root, start.row, start.rules);
const candles = drawCandles(document.getElementById("candles"), { places: start.row.live.places[1], step: start.step_s });
const equity = drawEquity(document.getElementById("equity"), { places: start.row.live.places[0] });
take(start);

function take(now) {
  row.take(now.row);
  candles.bars(now.bars);
  candles.marks(now.marks);
  candles.lines(now.lines);
  equity.points(now.equity);
  document.getElementById("no-bars").hidden = !candles.empty();
  document.getElementById("no-equity").hidden = now.equity.length > 0;
}

async function reread() {
  const answer = await ask(`${address}now?since=${candles.since()}`);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const now = await answer.json();
  clock.set(now.at);
  take(now);
  for (const [name, html] of Object.entries(now.parts)) swap(name, html);
  // Lines come with the stream; without it the log is read again too.
  if (link.state !== "live") await relog();
}

// A part the server has rendered (and escaped) replaces the one shown, when it differs.
function swap(name, html) {
  const part = root.querySelector(`[data-part="${name}"]`);
  if (part.dataset.shown === html) return;
  part.dataset.shown = html;
  part.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
}

const log = document.getElementById("log");
const level = document.getElementById("level");
const RANK = { INFO: 0, WARNING: 1, ERROR: 2 };

async function relog() {
  const answer = await ask(`${address}log?level=${level.value}`, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  log.replaceChildren(...page.body.childNodes);
}

level.addEventListener("change", () => relog().catch(() => {}));

function append(lines) {
  log.querySelector(".nothing")?.remove();
  for (const [at, rank, text] of lines) {
    if (RANK[rank] < RANK[level.value]) continue;
    const line = document.createElement("li");
    const time = document.createElement("time");
    const moment = new Date(at);
    time.dateTime = moment.toISOString();
    time.textContent = `${moment.toLocaleString("en-US", { month: "short", day: "numeric", timeZone: "UTC" })} ${moment.toISOString().slice(11, 19)}`;
    const words = document.createElement("span");
    words.textContent = text;
    line.dataset.level = rank;
    line.className = "flash";
    line.append(time, " ", words);
    log.prepend(line);
  }
  while (log.children.length > MOST_LINES) log.lastElementChild.remove();
}

keysDialog();
document.addEventListener("keydown", (event) => {
  if (typing(event)) return;
  const deed = { s: "start", p: "pause", x: "stop" }[event.key];
  const button = deed && root.querySelector(`[data-deed="${deed}"]`);
  if (button && !button.disabled) { event.preventDefault(); button.click(); }
});
listen({
  nameOf: () => root.querySelector("h1").firstChild.textContent.trim(),
  after: () => link.reread(),
});
const link = new Link({
  address: () => `/live/events?bots=${root.dataset.bot}&log=1`,
  listeners: {
    reread,
    // Something was journaled: orders, fills and positions are read again.
    rows: ([now]) => { row.take(now); link.reread(); },
    prices: (prices) => {
      const price = prices[row.live.market];
      if (!price) return;
      row.price(...price);
      candles.price(...price);
    },
    beats: (beats) => { if (beats[row.live.process]) row.beat(beats[row.live.process]); },
    lines: append,
  },
});
setInterval(() => row.tick(), 1000);
document.addEventListener("theme", () => { candles.colour(); equity.colour(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { candles.colour(); equity.colour(); });
