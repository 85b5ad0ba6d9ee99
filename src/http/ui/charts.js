/** Curves of a run: scores of its trials with the best so far, loss, accuracy. */
import { h, panel, throttled } from "./dom.js";
import { count, fixed, percent, scoreKinds } from "./format.js";
import { joined, Plot } from "./plot.js";

const wholePercent = (v) => `${Math.round(v * 1000) / 10} %`;

export class Charts {
  constructor(model) {
    this.model = model;
    this.search = model.run.command !== "retrain";
    this.score = this.search ? this.#scorePlot() : null;
    this.loss = new Plot({
      label: "Training loss over steps",
      x: "step",
      format: (v) => fixed(v, v >= 10 ? 0 : 2),
      marks: () => model.restarts,
      series: [
        { label: "Loss", colour: "--series-1", format: (v) => fixed(v) },
        {
          label: "Learning rate",
          colour: "--series-4",
          format: (v) => fixed(v, 4),
          scale: "right",
          width: 1,
        },
      ],
      right: (v) => String(Number(v.toPrecision(2))),
    });
    this.accuracy = new Plot({
      label: "Accuracy over steps",
      x: "step",
      format: wholePercent,
      marks: () => model.restarts,
      range: [0, null],
      series: [
        { label: "Training", colour: "--series-3", format: percent },
        { label: "Validation", colour: "--series-2", format: percent, kind: "line", width: 2 },
      ],
    });
    this.element = h(
      "div",
      { class: `charts ${this.search ? "" : "without-scores"}` },
      this.score && panel(
        "Scores",
        {
          class: "score-panel",
          aside: h(
            "p",
            { class: "note" },
            "Shared-weight scores: not what a network reaches when retrained",
          ),
        },
        this.score.element,
      ),
      panel("Loss", {
        class: "loss-panel",
        aside: h("p", { class: "note" }, "Dashed: learning rate restarts"),
      }, this.loss.element),
      panel(
        "Accuracy",
        {
          class: "accuracy-panel",
          aside: this.search && h("p", { class: "note" }, "With shared weights"),
        },
        this.accuracy.element,
      ),
    );
    this.update = throttled(250, () => this.draw());
  }

  #scorePlot() {
    return new Plot({
      label: "Score of each trial, and the best so far",
      x: "trial",
      format: wholePercent,
      bands: [{ series: [5, 4], colour: "--series-1-band" }],
      series: [
        { label: "Trial", colour: "--series-1-soft", format: percent, kind: "points", size: 4 },
        { label: "Best so far", colour: "--series-1", format: percent, kind: "step", width: 2.5 },
        { label: "Selection", colour: "--series-2", format: percent, kind: "points", size: 7 },
        // Where many trials fall on one point: their range.
        { label: "Lowest", colour: "--series-1-soft", kind: "hidden" },
        { label: "Highest", colour: "--series-1-soft", kind: "hidden" },
      ],
    });
  }

  draw() {
    const { model } = this;
    if (this.score) this.score.setData(scoreData(model), this.#scoreSummary());
    const { steps } = model;
    const { loss, learningRate, trainAccuracy } = steps.columns;
    const last = steps.last;
    this.loss.setData(
      [steps.x, loss, learningRate],
      last ? `last ${fixed(last.loss)}` : "no steps yet",
    );
    const perEpoch = model.stepsPerEpoch ?? 1;
    const { validAccuracy } = model.epochs.columns;
    const at = model.epochs.x.map((epoch) => epoch * perEpoch);
    const data = validAccuracy.some((v) => v !== null)
      ? joined([steps.x, trainAccuracy], [at, validAccuracy])
      : [steps.x, trainAccuracy, steps.x.map(() => null)];
    this.accuracy.setData(data, last ? `training ${percent(last.trainAccuracy)}` : "no steps yet");
  }

  #scoreSummary() {
    const { trialCount, run, selected } = this.model;
    if (!trialCount) return "no trials yet";
    const best = run.best ? `, best ${percent(run.best.score)} at trial ${run.best.trial}` : "";
    const chosen = selected ? `, selected ${percent(selected.score)}` : "";
    return `${count(trialCount)} trials${best}${chosen}. ${scoreKinds.reward}`;
  }

  destroy() {
    this.update.cancel();
    for (const plot of [this.score, this.loss, this.accuracy]) plot?.destroy();
  }
}

/** Trials, the best so far (drawn on to the last reward trial), and what was scored for selection. */
export function scoreData({ trials, best }) {
  const { reward, low, high, selection } = trials.columns;
  const empty = trials.x.map(() => null);
  if (!best.x.length) return [trials.x, reward, empty, selection, low, high];
  const end = trials.x[reward.findLastIndex((score) => score !== null)] ?? -1;
  const line = [[...best.x], [...best.columns.score]];
  if (end > line[0].at(-1)) line.forEach((column, i) => column.push(i === 0 ? end : column.at(-1)));
  const [x, r, s, l, h, b] = joined([trials.x, reward, selection, low, high], line);
  return [x, r, b, s, l, h];
}
