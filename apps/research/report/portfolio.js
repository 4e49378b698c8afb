// The report of several bots: the whole's curves, and the page of whichever bot is chosen.
(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  const { curves, bot, onTheme } = window.Report;
  const drawing = JSON.parse(find("whole-drawing").textContent);
  const whole = curves([find("all-equity"), find("all-drawdown")], drawing.equity, drawing.cash);
  const pages = [...document.querySelectorAll("template[data-name]")];
  const buttons = [...find("bots").querySelectorAll("button")];
  let chosen = null;

  function show(place) {
    if (chosen) chosen.remove();
    find("bot-name").textContent = pages[place].dataset.name;
    find("bot-page").replaceChildren(pages[place].content.cloneNode(true));
    find("bot").hidden = false;
    buttons.forEach((button, k) => {
      button.setAttribute("aria-pressed", String(k === place));
      button.closest("tr").setAttribute("aria-selected", String(k === place));
    });
    chosen = bot();
  }

  buttons.forEach((button, place) => button.addEventListener("click", () => {
    show(place);
    find("bot").scrollIntoView({ block: "start" });
    find("bot-name").focus({ preventScroll: true });
  }));
  whole.paint();
  show(0);
  onTheme(() => {
    whole.paint();
    chosen.paint();
  });
})();
