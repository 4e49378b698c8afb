// Draws one bot's charts and its list of trades from the JSON in the page.
window.Report.bot = () => {
  "use strict";
  const { LineStyle } = window.LightweightCharts;
  const { shown, percent, moment, span, colours, frame, dress, curves } = window.Report;
  const drawing = JSON.parse(document.getElementById("drawing").textContent);
  const trades = drawing.trades;
  const count = trades.opened_at.length;
  const MOST_MARKS = 300;
  const ROWS = 25;
  const find = (id) => document.getElementById(id);

  // ---- words ---------------------------------------------------------------------------------

  // The market's own digits, and no more than seven in all.
  const dearest = Math.max(...drawing.candles.high) || 1;
  const priceDigits = Math.max(0, Math.min(drawing.places, 7 - Math.ceil(Math.log10(dearest))));
  const sumDigits = drawing.cash ? 2 : 8;
  const price = (value) => (value === null ? "–" : shown(value, priceDigits));

  // ---- charts --------------------------------------------------------------------------------

  const rowsOf = (c) => c.time.map((time, k) => ({ time, open: c.open[k], high: c.high[k], low: c.low[k], close: c.close[k] }));
  const whole = rowsOf(drawing.candles);

  const chart = frame(find("candles"), price);
  const digitsFormat = { type: "price", precision: priceDigits, minMove: 10 ** -priceDigits };
  const candles = chart.addCandlestickSeries({ borderVisible: false, priceFormat: digitsFormat });
  const path = chart.addLineSeries({ lineWidth: 2, lineStyle: LineStyle.Dashed, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false, priceFormat: digitsFormat });
  let rows = whole;
  let chosen = null;

  // The candle in which a moment lies: the last that opens at or before it.
  function candleAt(at) {
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (rows[middle].time <= at) low = middle; else high = middle - 1;
    }
    return rows[low].time;
  }

  function note(inView) {
    const step = rows === whole ? drawing.candles.span_ms : drawing.close_ups[chosen].span_ms;
    const bars = step / drawing.bar_ms;
    const each = `candles of ${span(step / 1000)}${bars > 1 ? ` (${shown(bars, 0)} bars each)` : ""}`;
    const hidden = inView > MOST_MARKS ? ` · ${shown(inView, 0)} trades in view: zoom in to see them` : "";
    find("candles-note").textContent = each + hidden;
  }

  function mark() {
    const range = chart.timeScale().getVisibleRange();
    if (!range || !rows.length) return;
    const { gain, loss, note: blue, "ink-soft": quiet } = colours();
    const until = range.to + drawing.candles.span_ms / 1000;
    const found = [];
    for (let k = 0; k < count; k += 1) {
      if (trades.closed_at[k] >= range.from && trades.opened_at[k] <= until) found.push(k);
    }
    note(found.length);
    const marks = [];
    const roomy = chart.timeScale().options().barSpacing >= 5;
    const first = rows[0].time;
    const end = rows[rows.length - 1].time + drawing.candles.span_ms / 1000;
    for (const k of found.length > MOST_MARKS ? (chosen === null ? [] : [chosen]) : found) {
      // Beside a chosen trade the others step back.
      const back = chosen !== null && chosen !== k;
      const few = !back && roomy && found.length <= 60;
      const buy = (at) => marks.push({ time: candleAt(at), position: "belowBar", shape: "arrowUp", color: back ? quiet : blue, text: few ? "buy" : "" });
      const sell = (at, text) => marks.push({ time: candleAt(at), position: "aboveBar", shape: "arrowDown", color: back ? quiet : trades.pnl[k] > 0 ? gain : loss, text: few ? text : "" });
      const fills = trades.fills[k] && (chosen === k || roomy) ? trades.fills[k] : [[trades.opened_at[k], 1], [trades.closed_at[k], -1]];
      fills.forEach(([at, side], place) => {
        if (at < first || at >= end) return;
        if (side > 0) buy(at);
        else if (trades.exit[k] !== null) sell(at, place === fills.length - 1 ? percent(trades.ratio[k]) : "sell");
      });
    }
    candles.setMarkers(marks.sort((a, b) => a.time - b.time));
  }

  const equity = curves([find("equity"), find("drawdown")], drawing.equity, drawing.cash);

  function paint() {
    const c = colours();
    dress([chart], c);
    equity.paint();
    candles.applyOptions({ upColor: c.gain, downColor: c.loss, wickUpColor: c.gain, wickDownColor: c.loss });
    path.applyOptions({ color: chosen !== null && trades.pnl[chosen] > 0 ? c.gain : c.loss });
    mark();
  }

  function showWhole() {
    chosen = null;
    rows = whole;
    path.setData([]);
    candles.setData(rows);
    chart.timeScale().fitContent();
    find("whole").hidden = true;
    list();
    paint();
  }

  function showTrade(k) {
    chosen = k;
    const close = drawing.close_ups[k];
    rows = close ? rowsOf(close) : whole;
    candles.setData(rows);
    const opened = candleAt(trades.opened_at[k]);
    const closed = candleAt(trades.closed_at[k]);
    path.setData(closed > opened && trades.exit[k] !== null
      ? [{ time: opened, value: trades.entry[k] }, { time: closed, value: trades.exit[k] }] : []);
    if (close) {
      chart.timeScale().fitContent();
    } else {
      const step = drawing.candles.span_ms / 1000;
      const around = Math.max(30 * step, (closed - opened) / 2);
      chart.timeScale().setVisibleRange({ from: opened - around, to: closed + around });
    }
    find("whole").hidden = false;
    list();
    paint();
    find("candles").scrollIntoView({ block: "nearest" });
  }

  // ---- the list of trades --------------------------------------------------------------------

  const columns = [
    ["Opened (UTC)", (k) => trades.opened_at[k], (k) => moment(trades.opened_at[k])],
    ["Held", (k) => trades.closed_at[k] - trades.opened_at[k], (k) => span(trades.closed_at[k] - trades.opened_at[k])],
    ["PnL / cost", (k) => trades.ratio[k], (k) => percent(trades.ratio[k]), true],
    [`PnL (${drawing.quote})`, (k) => trades.pnl[k], (k) => shown(trades.pnl[k], sumDigits), true],
    ["Ended by", (k) => trades.words[trades.reason[k]], (k) => trades.words[trades.reason[k]].replaceAll("_", " ")],
    ["Entry", (k) => trades.entry[k], (k) => price(trades.entry[k])],
    ["Exit", (k) => trades.exit[k] ?? -1, (k) => price(trades.exit[k])],
    [`Quantity (${drawing.base})`, (k) => trades.quantity[k], (k) => String(Number(trades.quantity[k].toPrecision(6)))],
    [`Fees (${drawing.quote})`, (k) => trades.fees[k], (k) => shown(trades.fees[k], sumDigits)],
  ];
  let order = [...Array(count).keys()];
  let sorted = [0, 1];
  let page = 0;

  function sort(column) {
    const direction = sorted[0] === column ? -sorted[1] : -1;
    sorted = [column, direction];
    const key = columns[column][1];
    order.sort((a, b) => direction * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a - b));
    page = 0;
    list();
  }

  function head() {
    find("trades").tHead.rows[0].replaceChildren(...columns.map(([name], place) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => sort(place));
      cell.append(button);
      return cell;
    }));
  }

  function list() {
    const pages = Math.max(1, Math.ceil(count / ROWS));
    [...find("trades").tHead.rows[0].cells].forEach((cell, place) => {
      if (place === sorted[0]) cell.setAttribute("aria-sort", sorted[1] > 0 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    find("trades").tBodies[0].replaceChildren(...order.slice(page * ROWS, (page + 1) * ROWS).map((k) => {
      const row = document.createElement("tr");
      row.tabIndex = 0;
      row.setAttribute("aria-selected", String(k === chosen));
      for (const [, , text, toned] of columns) {
        const cell = document.createElement("td");
        cell.textContent = text(k);
        if (toned) cell.dataset.tone = trades.pnl[k] > 0 ? "gain" : trades.pnl[k] < 0 ? "loss" : "flat";
        row.append(cell);
      }
      row.addEventListener("click", () => showTrade(k));
      row.addEventListener("keydown", (event) => { if (event.key === "Enter") showTrade(k); });
      return row;
    }));
    find("page").textContent = `${page + 1} of ${shown(pages, 0)}`;
    find("before").disabled = page === 0;
    find("after").disabled = page + 1 >= pages;
  }

  // Held coins that moved far more than the equity would flatten its line: hidden at first.
  const reach = (values) => Math.max(...values) - Math.min(...values);
  find("hold").checked = reach(drawing.equity.hold) <= 4 * reach(drawing.equity.value);
  const holdOrNot = () => equity.holding.applyOptions({ visible: find("hold").checked });
  find("hold").addEventListener("change", holdOrNot);
  holdOrNot();

  // ---- beginning -----------------------------------------------------------------------------

  chart.timeScale().subscribeVisibleLogicalRangeChange(mark);

  find("trades-card").hidden = count === 0;
  const left = trades.first ? `the newest ${shown(count, 0)}; ${shown(trades.first, 0)} earlier ones are in the figures` : shown(count, 0);
  find("trades-note").textContent = `${left} · choose one to see it in the chart`;
  find("whole").addEventListener("click", showWhole);
  find("before").addEventListener("click", () => { page -= 1; list(); });
  find("after").addEventListener("click", () => { page += 1; list(); });
  head();
  showWhole();
  const remove = () => {
    chart.remove();
    equity.remove();
  };
  return { paint, remove };
};
