/** Helpers that make elements, and change only what differs. */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] `class`, `on…` handlers, `data-…`/`aria-…` and other
 *   attributes; null, undefined and false are left out.
 * @param {...(Node | string | null | undefined | false)} children
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child || child === 0 || child === ""));
  return element;
}

/** Sets the text only when it differs, so that screen readers and layout are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

let counter = 0;
export const uniqueId = (prefix) => `${prefix}-${++counter}`;

/** Limits calls to one per `ms`; the last one always happens. */
export function throttled(ms, call) {
  let timer = 0;
  let last = -Infinity;
  const run = () => {
    timer = 0;
    last = performance.now();
    call();
  };
  const throttle = () => {
    if (timer) return;
    const wait = last + ms - performance.now();
    if (wait <= 0) run();
    else timer = setTimeout(run, wait);
  };
  throttle.cancel = () => {
    clearTimeout(timer);
    timer = 0;
  };
  return throttle;
}

/** A section of the run's page with a heading. */
export function panel(title, properties, ...children) {
  const id = uniqueId("panel");
  const heading = h("h2", { id }, title);
  const { aside, ...rest } = properties;
  return h(
    "section",
    { ...rest, class: `panel ${properties.class ?? ""}`, "aria-labelledby": id },
    h("header", {}, heading, aside),
    ...children,
  );
}

/** A button that copies a text and confirms it. */
export function copyButton(text, label = "Copy") {
  const button = h("button", {
    type: "button",
    class: "quiet small",
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text());
        setText(button, "Copied");
      } catch {
        setText(button, "Press Ctrl+C");
        getSelection().selectAllChildren(button.previousElementSibling);
      }
      setTimeout(() => setText(button, label), 2000);
    },
  }, label);
  return button;
}

const announcer = document.getElementById("announcer");
let announcedAt = -Infinity;
/** Announces a text to screen readers. One that is not `urgent` is dropped within 20 s of the one before. */
export function announce(text, urgent = false) {
  const now = performance.now();
  if (!urgent && now - announcedAt < 20_000) return;
  announcedAt = now;
  setText(announcer, text);
}
