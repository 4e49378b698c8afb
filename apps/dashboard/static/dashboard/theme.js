// Dark or light before anything is drawn: the person's choice, else what their system prefers.
const KEY = "flotilla-theme";

function preferred() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

function apply(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

apply(preferred());

document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("theme")?.addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--scheme").trim() === "dark";
    const theme = dark ? "light" : "dark";
    try { localStorage.setItem(KEY, theme); } catch { /* kept for this page only */ }
    apply(theme);
    document.dispatchEvent(new CustomEvent("theme", { detail: theme }));
  });
});
