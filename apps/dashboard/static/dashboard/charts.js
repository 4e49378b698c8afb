// The two charts of a bot, drawn by lightweight-charts in the page's own colours.
import { number } from "./numbers.js";

const { createChart, CrosshairMode, LineStyle } = window.LightweightCharts;
const MOST_BARS = 1500;

function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    face: read("face"), ink: read("ink-soft"), line: read("line-soft"),
    gain: read("gain"), loss: read("loss"), accent: read("accent"), note: read("note"),
  };
}

function frame(box, places) {
  const chart = createChart(box, {
    autoSize: true,
    localization: { priceFormatter: (price) => number(price, places) },
    crosshair: { mode: CrosshairMode.Normal },
    timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 4, borderVisible: false },
    rightPriceScale: { borderVisible: false },
    handleScroll: { vertTouchDrag: false },
  });
  const paint = () => {
    const { face, ink, line } = colours();
    chart.applyOptions({
      layout: { background: { color: face }, textColor: ink, fontSize: 11 },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
    });
  };
  return { chart, paint };
}

const format = (places) => ({ type: "price", precision: places, minMove: 10 ** -places });

export function drawCandles(box, { places, step }) {
  const { chart, paint } = frame(box, places);
  const series = chart.addCandlestickSeries({ priceFormat: format(places), borderVisible: false });
  const held = new Map();
  let newest = 0;
  let fills = [];
  let levels = [];
  let drawn = [];

  const barOf = (at) => Math.floor(at / 1000 / step) * step;

  function put(bar) {
    held.set(bar.time, bar);
    newest = Math.max(newest, bar.time);
    series.update(bar);
  }

  // A fill is marked on the bar in which it happened; those before the first bar are not drawn.
  function mark() {
    const { gain, loss } = colours();
    const first = held.keys().next().value ?? Infinity;
    const few = fills.length <= 30;
    series.setMarkers(fills.filter(({ at }) => barOf(at) >= first).map(({ at, side, quantity }) => ({
      time: barOf(at),
      position: side === "buy" ? "belowBar" : "aboveBar",
      shape: side === "buy" ? "arrowUp" : "arrowDown",
      color: side === "buy" ? gain : loss,
      text: few ? `${side} ${Number(quantity.toPrecision(4))}` : "",
    })));
  }

  function stretch() {
    const { gain, loss, note } = colours();
    const looks = {
      entry: { color: note, lineStyle: LineStyle.Dotted },
      target: { color: gain, lineStyle: LineStyle.Dashed },
      stop: { color: loss, lineStyle: LineStyle.Dashed },
    };
    for (const line of drawn) series.removePriceLine(line);
    drawn = levels.map(({ kind, price }) => series.createPriceLine({
      price, title: kind, lineWidth: 1, axisLabelVisible: true, ...looks[kind],
    }));
  }

  function colour() {
    paint();
    const { gain, loss } = colours();
    series.applyOptions({ upColor: gain, downColor: loss, wickUpColor: gain, wickDownColor: loss });
    mark();
    stretch();
  }

  colour();
  return {
    colour,
    empty: () => newest === 0,
    // Open time (s) of the first bar that the server's word may still change.
    since: () => (newest ? newest - 2 * step : ""),
    // The server's bars replace what the page made of single prices.
    bars(given) {
      const before = newest;
      const bars = given.map(([time, open, high, low, close]) => ({ time, open, high, low, close }));
      for (const bar of bars) held.set(bar.time, bar);
      newest = Math.max(newest, ...bars.map((bar) => bar.time));
      if (!bars.length) return;
      const sorted = [...held.values()].sort((a, b) => a.time - b.time).slice(-MOST_BARS);
      held.clear();
      for (const bar of sorted) held.set(bar.time, bar);
      series.setData(sorted);
      if (before === 0) mark();
    },
    price(price, at) {
      const time = barOf(at);
      if (time < newest) return;
      const bar = held.get(time);
      put(bar
        ? { ...bar, high: Math.max(bar.high, price), low: Math.min(bar.low, price), close: price }
        : { time, open: price, high: price, low: price, close: price });
    },
    marks(given) {
      if (given.length === fills.length && given.at(-1)?.at === fills.at(-1)?.at) return;
      fills = given;
      mark();
    },
    lines(given) {
      if (JSON.stringify(given) === JSON.stringify(levels)) return;
      levels = given;
      stretch();
    },
  };
}

export function drawEquity(box, { places }) {
  const { chart, paint } = frame(box, places);
  const series = chart.addAreaSeries({ priceFormat: format(places), lineWidth: 2 });
  let shown = "";

  function colour() {
    paint();
    const { accent } = colours();
    series.applyOptions({ lineColor: accent, topColor: `${accent}44`, bottomColor: `${accent}00` });
  }

  colour();
  return {
    colour,
    points(given) {
      const key = JSON.stringify(given.at(-1) ?? null) + given.length;
      if (key === shown) return;
      shown = key;
      series.setData(given.map(([time, value]) => ({ time, value })));
      chart.timeScale().fitContent();
    },
  };
}
