/** Formats numbers for people. Widths hardly change from one value to the next. */

export const percent = (fraction, digits = 2) =>
  Number.isFinite(fraction) ? `${(fraction * 100).toFixed(digits)} %` : "–";

const grouped = new Intl.NumberFormat("en-US");
export const count = (n) => Number.isFinite(n) ? grouped.format(n) : "–";

export const fixed = (n, digits = 3) => Number.isFinite(n) ? n.toFixed(digits) : "–";

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min ${String(s % 60).padStart(2, "0")} s`;
  const hours = Math.floor(m / 60);
  if (hours < 48) return `${hours} h ${String(m % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(n) {
  if (!Number.isFinite(n)) return "–";
  if (n < 1024) return `${n} B`;
  const unit = Math.min(3, Math.floor(Math.log2(n) / 10));
  return `${(n / 1024 ** unit).toFixed(1)} ${["B", "KiB", "MiB", "GiB"][unit]}`;
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
export function date(text) {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? "–" : day.format(time);
}

const hour = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
/** The time of day in this many seconds. */
export const clock = (seconds) => hour.format(Date.now() + seconds * 1000);

const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
/** The time of day, or the date for any day but today. */
export function moment(text) {
  const time = new Date(text);
  return time.toDateString() === new Date().toDateString()
    ? hour.format(time)
    : dateOnly.format(time);
}

/** `lrMax` → "Lr max". */
export function words(name) {
  const text = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return text[0].toUpperCase() + text.slice(1);
}
