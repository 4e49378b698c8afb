// Start, pause and stop: forms that post by themselves, sent here without leaving the page.
import { ask } from "./live.js";

const toasts = document.getElementById("toasts");

export function tell(text, level = "success") {
  const line = document.createElement("p");
  line.textContent = text;
  line.dataset.level = level;
  toasts.append(line);
  setTimeout(() => line.remove(), level === "error" ? 9000 : 5000);
}

function chosen(name) {
  const dialog = document.getElementById("stop-dialog");
  dialog.querySelector("[data-name]").textContent = name;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const kind = dialog.querySelector("[name=position]:checked")?.value;
      resolve(dialog.returnValue === "stop" ? kind : null);
    }, { once: true });
  });
}

export function listen({ nameOf, after }) {
  document.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button?.dataset.deed) return;
    event.preventDefault();
    const body = new FormData(event.target);
    if (button.dataset.deed === "stop") {
      const kind = await chosen(nameOf(button));
      if (!kind) return;
      body.set("position", kind);
    }
    button.disabled = true;
    try {
      const answer = await ask(button.formAction, { method: "POST", body });
      const { message, ok } = await answer.json();
      tell(message, ok ? "success" : "error");
      if (!ok) button.disabled = false;
    } catch {
      tell("The server did not answer. Nothing is known to have changed.", "error");
      button.disabled = false;
    }
    after();
  });
}

export function keysDialog() {
  const dialog = document.getElementById("keys-dialog");
  if (!dialog) return;
  document.getElementById("keys")?.addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !typing(event)) { event.preventDefault(); dialog.showModal(); }
  });
}

export function typing(event) {
  return event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")
    || event.target.closest("input, select, textarea");
}
