// The page's link to the server: server-sent events, and a slow poll while those are away.
const POLL_MS = 5000;
const REREAD_MS = 10000;
const RETRY_MS = 3000;
const SILENT_MS = 25000; // a comment comes every ten seconds

export class Link {
  // listeners: rows, prices, beats, lines (each with the event's JSON), and reread().
  constructor({ address, listeners }) {
    this.address = address;
    this.listeners = listeners;
    this.shown = document.getElementById("link-state");
    this.stream = "";
    this.readable = true;
    this.lastId = "";
    this.heard = 0;
    this.source = null;
    this.open();
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.reread(); });
  }

  open() {
    this.source?.close();
    const url = new URL(this.address(), location.href);
    if (this.lastId) url.searchParams.set("last", this.lastId);
    const source = new EventSource(url);
    this.source = source;
    this.heard = Date.now();
    const on = (name, act) => source.addEventListener(name, (event) => {
      this.heard = Date.now();
      if (event.lastEventId) this.lastId = event.lastEventId;
      act(event.data ? JSON.parse(event.data) : null);
    });
    on("live", () => this.become("live"));
    on("paused", () => this.become("paused"));
    on("reload", () => this.reread());
    on("alive", () => {});
    on("bye", () => { source.close(); this.source = null; location.reload(); });
    for (const name of ["rows", "prices", "beats", "lines"]) {
      on(name, (data) => this.listeners[name]?.(data));
    }
    source.onerror = () => {
      this.become("paused");
      if (source.readyState === EventSource.CLOSED) this.again();
    };
  }

  again() {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), RETRY_MS);
  }

  // What the page shows has changed (another page of rows): ask for those from now on.
  follow() { this.lastId = ""; this.open(); }

  // Live is a page that hears the stream and can read its rows.
  get state() { return this.stream === "live" && this.readable ? "live" : "paused"; }

  become(stream) { this.stream = stream; this.show(); }

  show() {
    const words = this.state === "live" ? "Live" : "Live updates paused";
    if (!this.shown || this.shown.dataset.state === this.state) return;
    this.shown.dataset.state = this.state;
    this.shown.querySelector("span").textContent = words;
  }

  look() {
    const now = Date.now();
    if (this.source && now - this.heard > SILENT_MS) {
      this.become("paused");
      this.open();
    }
    const every = this.state === "live" ? REREAD_MS : POLL_MS;
    if (!document.hidden && now - (this.readAt ?? now) >= every) this.reread();
    this.readAt ??= now;
  }

  // Asks at most once a second however often it is wished.
  reread() {
    clearTimeout(this.wished);
    const wait = Math.max(0, 1000 - (Date.now() - (this.readAt ?? 0)));
    this.wished = setTimeout(async () => {
      this.readAt = Date.now();
      this.readable = await this.listeners.reread().then(() => true, () => false);
      this.show();
    }, wait);
  }
}

export async function ask(address, options = {}) {
  const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin", redirect: "manual", ...options });
  if (answer.type === "opaqueredirect") { location.reload(); throw new Error("signed out"); }
  return answer;
}
