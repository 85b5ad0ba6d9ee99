/** Drawings of networks: SVG, with zoom and drag. */
import { h, panel, setAttribute, setText, throttled } from "./dom.js";

/**
 * Scales of a drawing that is fitted: below the smallest it scrolls, above the largest it is not enlarged.
 */
const [smallest, largest] = [0.42, 1.4];

/** One drawing. The old picture stays until the new one is loaded, so that nothing jumps. */
export class Drawing {
  /** What is shown or on its way; null after a failure. */
  #wanted = null;
  #abort = null;
  #zoom = 1;
  #whole = null;

  /** @param {string} name for screen readers; @param {string} empty text shown while there is no drawing */
  constructor(name, empty) {
    this.name = name;
    this.stage = h(
      "div",
      { class: "stage", tabindex: "0", role: "group", "aria-label": `${name}, scrollable` },
      h("p", { class: "empty" }, empty),
    );
    this.tools = h(
      "div",
      { class: "zoom", role: "group", "aria-label": `Zoom ${name}` },
      ...[["−", "Smaller", 1 / 1.4], ["+", "Larger", 1.4], ["Fit", "Fit", 0]].map((
        [text, label, factor],
      ) =>
        h("button", {
          type: "button",
          class: "quiet small",
          "aria-label": label,
          onclick: () => this.#scale(factor),
        }, text)
      ),
    );
    this.element = h("div", { class: "drawing" }, this.stage, this.tools);
    this.#makeDraggable();
  }

  /** @param {{key: string, svg: (signal: AbortSignal) => Promise<string>}} wanted not asked for twice. */
  async show(wanted) {
    if (wanted.key === this.#wanted?.key) return;
    this.#wanted = wanted;
    this.#abort?.abort();
    this.#abort = new AbortController();
    try {
      this.#place(await wanted.svg(this.#abort.signal));
    } catch (error) {
      if (error.name === "AbortError") return;
      // Another drawing may be on its way meanwhile.
      this.fail(error, () => this.#wanted ?? this.show(wanted));
    }
  }

  /** Shows the reason why there is no drawing. @param again called by a button beside it. */
  fail(error, again) {
    this.#wanted = this.#whole = null;
    const button = h("button", { class: "quiet small", onclick: again }, "Try again");
    this.stage.replaceChildren(h("p", { class: "empty" }, error.message, " ", button));
  }

  #place(text) {
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (svg.nodeName !== "svg") throw new Error("There is no drawing");
    for (const title of svg.querySelectorAll("title")) title.remove();
    svg.setAttribute("role", "img");
    const labels = [...svg.querySelectorAll("text")].map((t) => t.textContent);
    svg.setAttribute("aria-label", `${this.name}: ${labels.join(", ")}`);
    this.#whole = {
      width: parseFloat(svg.getAttribute("width")),
      height: parseFloat(svg.getAttribute("height")),
    };
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    const kept = { left: this.stage.scrollLeft, top: this.stage.scrollTop };
    this.stage.replaceChildren(document.importNode(svg, true));
    this.#apply();
    Object.assign(this.stage, { scrollLeft: kept.left, scrollTop: kept.top });
  }

  /** Sets the scale; 0 fits the drawing into the stage. */
  #scale(factor) {
    this.#zoom = factor === 0 ? 1 : Math.min(12, Math.max(0.5, this.#zoom * factor));
    this.#apply();
  }

  #apply() {
    const svg = this.stage.querySelector("svg");
    if (!svg) return;
    const { width, height } = this.#whole;
    const fitting = Math.min(this.stage.clientWidth / width, this.stage.clientHeight / height);
    const shown = Math.min(largest, Math.max(smallest, fitting)) * this.#zoom;
    this.stage.classList.toggle("fits", shown <= fitting);
    svg.style.width = `${width * shown}px`;
    svg.style.height = `${height * shown}px`;
  }

  #makeDraggable() {
    let from = null;
    this.stage.addEventListener("pointerdown", (e) => {
      // Without a drawing there is a button, and a captured pointer would click the stage in its place.
      if (!this.#whole || e.pointerType !== "mouse" || e.button !== 0) return;
      from = { x: e.clientX + this.stage.scrollLeft, y: e.clientY + this.stage.scrollTop };
      this.stage.setPointerCapture(e.pointerId);
    });
    this.stage.addEventListener("pointermove", (e) => {
      if (!from) return;
      this.stage.scrollLeft = from.x - e.clientX;
      this.stage.scrollTop = from.y - e.clientY;
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(end, () => from = null);
    }
    this.stage.addEventListener("wheel", (e) => {
      if (!e.ctrlKey) return;
      e.preventDefault();
      this.#scale(e.deltaY < 0 ? 1.15 : 1 / 1.15);
    }, { passive: false });
    new ResizeObserver(() => this.#apply()).observe(this.stage);
  }
}

/** A drawing with a caption below its heading. */
export class NetworkPanel {
  constructor(title, empty) {
    this.caption = h("p", { class: "note" });
    this.drawing = new Drawing(title, empty);
    this.heading = title;
    this.element = panel(
      title,
      { class: "network-panel", aside: this.caption },
      this.drawing.element,
    );
    this.#show = throttled(1500, () => this.drawing.show(this.#wanted));
  }

  #wanted = null;
  #show;

  /** Shows a picture, at most one per 1.5 s however fast trials come. */
  show(drawing, caption) {
    this.#wanted = drawing;
    setText(this.caption, caption);
    setAttribute(this.element, "data-shown", caption);
    this.#show();
  }

  rename(title) {
    setText(this.element.querySelector("h2"), title);
  }

  destroy() {
    this.#show.cancel();
  }
}
