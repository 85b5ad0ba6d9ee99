/** Panels of a run's page that only the tab has: retrain, classify, take away. */
import { announce, h, panel, setText } from "../dom.js";
import { percent } from "../format.js";
import { fragmentOf } from "./link.js";
import { save } from "./source.js";

/** Offers the training of what a search has found. */
export class RetrainPanel {
  constructor(model) {
    this.model = model;
    this.epochs = h("input", { inputmode: "numeric", placeholder: "as preset", name: "epochs" });
    this.form = h(
      "form",
      { class: "next-form", onsubmit: (e) => this.#start(e) },
      h("label", {}, h("span", {}, "Epochs"), this.epochs),
      h("button", { type: "submit", class: "primary" }, "Train it from scratch"),
    );
    this.note = h("p", { class: "note" });
    this.element = panel("Next", { class: "next-panel" }, this.note, this.form);
    this.update();
  }

  update() {
    const done = this.model.run.state === "done";
    this.form.hidden = !done;
    setText(
      this.note,
      done
        ? "The score ranked networks while they shared weights. Trained from scratch, the network gets " +
          "weights of its own, is tested on pictures it never saw, and can be used."
        : "When the search is done, what it has found can be trained from scratch.",
    );
  }

  #start(event) {
    event.preventDefault();
    const epochs = this.epochs.value.trim();
    const query = epochs ? `?${new URLSearchParams({ epochs })}` : "";
    location.hash = `#/retrain/${encodeURIComponent(this.model.run.id)}${query}`;
  }
}

/** Classifies pictures, or what the camera sees, with a trained network. */
export class PredictPanel {
  #camera = null;

  constructor(model, engine) {
    this.model = model;
    this.engine = engine;
    this.input = h("input", {
      type: "file",
      accept: "image/*",
      class: "unseen",
      onchange: () => this.#classify(this.input.files[0]),
    });
    this.drop = h(
      "div",
      {
        class: "drop small-drop",
        ondragover: (e) => e.preventDefault(),
        ondrop: (e) => {
          e.preventDefault();
          this.#classify(e.dataTransfer.files[0]);
        },
      },
      h("p", {}, "Drop a picture here, or"),
      h(
        "p",
        { class: "actions" },
        h("button", { type: "button", onclick: () => this.input.click() }, "Choose a picture"),
        this.cameraButton = h("button", {
          type: "button",
          class: "quiet",
          onclick: () => this.#toggleCamera(),
        }, "Use the camera"),
      ),
      this.input,
    );
    this.input.setAttribute("aria-label", "Picture to classify");
    this.video = h("video", {
      muted: true,
      playsinline: true,
      hidden: true,
      "aria-label": "Camera",
    });
    this.seen = h("p", { class: "note", role: "status" });
    this.bars = h("ul", { class: "bars" });
    this.element = panel(
      "Try it",
      { class: "predict-panel" },
      h("div", { class: "predict" }, this.drop, this.video, h("div", {}, this.seen, this.bars)),
    );
    this.update();
  }

  update() {
    const done = this.model.run.state === "done";
    this.element.hidden = !done;
    if (!done) this.#stopCamera();
  }

  async #classify(picture) {
    if (!picture) return;
    setText(this.seen, `Looking at ${picture.name} …`);
    try {
      this.#show(await this.engine.ask("predict", this.model.run.id, picture));
      setText(this.seen, picture.name);
    } catch (error) {
      setText(this.seen, error.message);
      this.bars.replaceChildren();
    }
  }

  #show(ranked) {
    announce(`${ranked[0].label}, ${percent(ranked[0].probability, 0)}`);
    this.bars.replaceChildren(
      ...ranked.slice(0, 5).map(({ label, probability }) => {
        const bar = h("meter", { min: 0, max: 1, "aria-label": label });
        bar.value = probability;
        return h("li", {}, h("span", {}, label), bar, h("span", {}, percent(probability, 1)));
      }),
    );
  }

  async #toggleCamera() {
    if (this.#camera) return this.#stopCamera();
    try {
      this.#camera = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment" },
      });
    } catch (error) {
      return setText(this.seen, `Cannot use the camera: ${error.message}`);
    }
    this.video.srcObject = this.#camera;
    this.video.hidden = false;
    setText(this.cameraButton, "Stop the camera");
    await this.video.play();
    while (this.#camera) await this.#classifyFrame();
  }

  async #classifyFrame() {
    try {
      const frame = await createImageBitmap(this.video);
      this.#show(await this.engine.askWith([frame], "predict", this.model.run.id, frame));
      setText(this.seen, "What the camera sees");
    } catch (error) {
      setText(this.seen, error.message);
      this.#stopCamera();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }

  #stopCamera() {
    for (const track of this.#camera?.getTracks() ?? []) track.stop();
    this.#camera = null;
    this.video.hidden = true;
    setText(this.cameraButton, "Use the camera");
  }

  destroy() {
    this.#stopCamera();
  }
}

/** A run as one file, and the address that repeats it. */
export class TakeAwayPanel {
  constructor(model, engine, failed) {
    this.model = model;
    const { id } = model.run;
    this.link = h("a", { class: "button quiet", hidden: true }, "Link that repeats it");
    this.element = panel(
      "Take it away",
      { class: "take-panel" },
      h(
        "p",
        { class: "note" },
        "The archive holds everything, also the pictures at the size they were trained at. Unpacked into ",
        h("code", {}, "runs/"),
        ", the command line shows, resumes and uses it.",
      ),
      h(
        "p",
        { class: "actions" },
        h("button", {
          type: "button",
          onclick: async () => {
            try {
              save(`${id}.zip`, await engine.ask("exportRun", id));
            } catch (error) {
              failed(error);
            }
          },
        }, "Save the run"),
        this.link,
      ),
    );
    if (model.run.command === "search") this.#offerLink(engine);
  }

  /** Shows the link once it is known; settings of another version of denas may have none. */
  async #offerLink(engine) {
    this.link.href = await fragmentOf(engine, this.model.run).catch(() => "");
    this.link.hidden = this.link.hash === "";
  }

  update() {}
}
