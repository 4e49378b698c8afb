// What every chart of a report shares: words, colours, frames, and the curves of equity.
window.Report = (() => {
  "use strict";
  const { createChart, CrosshairMode } = window.LightweightCharts;
  const root = document.documentElement;

  // ---- words ---------------------------------------------------------------------------------

  const shown = (value, digits) => value.toLocaleString("en-US", { maximumFractionDigits: digits, minimumFractionDigits: digits }).replace("-", "−");
  const percent = (value) => `${shown(value * 100, 2)} %`;
  const moment = (at) => new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ");
  const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  function span(seconds) {
    const place = UNITS.findIndex(([, size]) => seconds >= size);
    if (place < 0) return "0 s";
    const [unit, size] = UNITS[place];
    const next = UNITS[place + 1];
    const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
    return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${next[0]}` : ""}`;
  }

  // ---- charts --------------------------------------------------------------------------------

  function colours() {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(`--${name}`).trim();
    return Object.fromEntries(["face", "ink", "ink-soft", "line-soft", "gain", "loss", "accent", "note"].map((name) => [name, read(name)]));
  }

  function frame(box, formatter) {
    return createChart(box, {
      autoSize: true,
      localization: { priceFormatter: formatter, timeFormatter: moment },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, borderVisible: false, minBarSpacing: 0.01, rightOffset: 4 },
      rightPriceScale: { borderVisible: false },
      handleScroll: { vertTouchDrag: false },
    });
  }

  function dress(charts, c) {
    for (const each of charts) {
      each.applyOptions({
        layout: { background: { color: c.face }, textColor: c["ink-soft"], fontSize: 11 },
        grid: { vertLines: { color: c["line-soft"] }, horzLines: { color: c["line-soft"] } },
      });
    }
  }

  // Equity and drawdown below each other, moving together.
  function curves(boxes, drawn, cash) {
    const { value, time, drawdown, hold } = drawn;
    const sum = (amount) => shown(amount, cash ? 2 : 6);
    const sumFormat = { type: "custom", formatter: sum, minMove: 1e-8 };
    const shareFormat = { type: "custom", formatter: percent, minMove: 1e-6 };
    const above = frame(boxes[0], sum);
    const below = frame(boxes[1], percent);
    const equity = above.addAreaSeries({ lineWidth: 2, priceFormat: sumFormat, priceLineVisible: false });
    const holding = above.addLineSeries({ lineWidth: 1, priceFormat: sumFormat, priceLineVisible: false, lastValueVisible: false });
    const fall = below.addAreaSeries({ lineWidth: 1, invertFilledArea: true, priceFormat: shareFormat, priceLineVisible: false });
    equity.setData(time.map((at, k) => ({ time: at, value: value[k] })));
    if (hold) holding.setData(time.map((at, k) => ({ time: at, value: hold[k] })));
    fall.setData(time.map((at, k) => ({ time: at, value: drawdown[k] })));
    let moving = false;
    for (const [from, to] of [[above, below], [below, above]]) {
      from.timeScale().subscribeVisibleLogicalRangeChange((range) => {
        if (moving || !range) return;
        moving = true;
        to.timeScale().setVisibleLogicalRange(range);
        moving = false;
      });
    }
    above.timeScale().fitContent();
    function paint() {
      const c = colours();
      dress([above, below], c);
      equity.applyOptions({ lineColor: c.accent, topColor: `${c.accent}33`, bottomColor: `${c.accent}00` });
      holding.applyOptions({ color: `${c["ink-soft"]}99` });
      fall.applyOptions({ lineColor: c.loss, topColor: `${c.loss}00`, bottomColor: `${c.loss}44` });
    }
    function remove() {
      above.remove();
      below.remove();
    }
    return { holding, paint, remove };
  }

  // Everything is painted anew when the page turns dark or light.
  function onTheme(paint) {
    document.getElementById("theme").addEventListener("click", () => {
      const dark = getComputedStyle(root).getPropertyValue("--scheme").trim() === "dark";
      root.dataset.theme = dark ? "light" : "dark";
      paint();
    });
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", paint);
  }

  return { shown, percent, moment, span, colours, frame, dress, curves, onTheme };
})();
