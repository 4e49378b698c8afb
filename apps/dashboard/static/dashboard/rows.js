// Keeps the cells of one bot up to date: from the server's rows, from prices, and with time.
import { age, ageTone, clock, number, say, signed, tone } from "./numbers.js";

export class LiveRow {
  constructor(root, row, rules) {
    this.root = root;
    this.rules = rules;
    this.cells = {};
    for (const element of root.querySelectorAll("[data-cell]")) {
      (this.cells[element.dataset.cell] ??= []).push(element);
    }
    this.take(row);
  }

  say(name, text, tone, title) {
    for (const element of this.cells[name] ?? []) say(element, text, tone, title);
  }

  // The server's word: it replaces everything the page has computed since.
  take(row) {
    this.live = { ...row.live };
    for (const [name, [text, tone, title]] of Object.entries(row.cells)) this.say(name, text, tone, title);
    for (const button of this.root.querySelectorAll("[data-deed]")) {
      button.disabled = !row.may[button.dataset.deed];
    }
    this.tick();
  }

  // Money is linear in the price.
  price(price, at) {
    const { live } = this;
    const [quote, tick] = live.places;
    live.price_at = Math.max(at, live.price_at ?? 0);
    this.say("price", number(price, tick));
    if (live.mark === null || live.coins === 0) return;
    const moved = (price - live.mark) * live.coins;
    this.money("total", live.total + moved, quote);
    this.say("equity", number(live.equity + moved, quote));
    this.money("unrealised", live.unrealised + moved, quote);
    if (live.quantity > 0) {
      this.say("worth", `${number(price * live.quantity, quote)} ${live.quote}`);
    }
  }

  money(name, value, places) { this.say(name, signed(value, places), tone(value, places)); }

  beat(at) { this.live.heartbeat_at = Math.max(at, this.live.heartbeat_at ?? 0); }

  tick(now = clock.now()) {
    const { live, rules } = this;
    const aged = (name, at, counts, [amber, red]) =>
      this.say(name, age(at, now), counts ? ageTone(at, amber, red, now) : "quiet");
    aged("heartbeat", live.heartbeat_at, live.watched, rules.heartbeat);
    aged("price_age", live.price_at, live.watched, rules.price);
    aged("signal", live.signal_at, live.judged, [live.signal_amber_s, null]);
  }
}
