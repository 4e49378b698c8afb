// How numbers and ages are written; the same rules as numbers.py, so that nothing jumps.
// The server's clock: ages must not depend on how well this computer's is set.
export const clock = {
  offset: 0,
  set(serverNow) { this.offset = Date.now() - serverNow; },
  now() { return Date.now() - this.offset; },
};

export const NONE = "–";
const MINUS = "−";

export function number(value, places) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  const text = value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  return /[1-9]/.test(text) ? text.replace("-", MINUS) : text.replace("-", "");
}

export function signed(value, places) {
  const text = number(value, places);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

export function tone(value, places) {
  const first = signed(value, places)[0];
  return first === "+" ? "gain" : first === MINUS ? "loss" : "flat";
}

export function age(ms, now = clock.now()) {
  if (!ms) return NONE;
  const whole = Math.max(0, Math.floor((now - ms) / 1000));
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (whole >= size) return `${Math.floor(whole / size)} ${unit}`;
  }
  return `${whole} s`;
}

export function ageTone(ms, amber, red, now = clock.now()) {
  if (!ms) return "quiet";
  const seconds = (now - ms) / 1000;
  if (seconds < amber) return "quiet";
  return red && seconds >= red ? "red" : "amber";
}

// Change an element's text and tone only when they differ: no needless layout.
export function say(element, text, tone, title) {
  if (!element) return;
  if (element.textContent !== text) element.textContent = text;
  if (tone !== undefined && element.dataset.tone !== tone) element.dataset.tone = tone;
  if (title !== undefined && element.title !== title) element.title = title;
}
