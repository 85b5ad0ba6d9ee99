/** Curves of a run: scores of its trials with the best so far, loss, accuracy. */
import { h, panel, throttled } from "./dom.js";
import { count, fixed, percent } from "./format.js";
import { joined, Plot } from "./plot.js";
import { figure, hasSteps, roundFigure, scoreWords } from "./scores.js";

export class Charts {
  constructor(model) {
    this.model = model;
    this.search = model.run.command !== "retrain";
    this.figure = (value) => figure(value, this.words.unit);
    this.third = thirdAccuracy(model.run);
    this.score = this.search ? this.#scorePlot() : null;
    const steps = hasSteps(model.run);
    this.loss = steps ? this.#lossPlot() : null;
    this.accuracy = steps ? this.#accuracyPlot() : null;
    const note = (text) => text && h("p", { class: "note" }, text);
    const { words } = this;
    const shape = !this.search ? "without-scores" : steps ? "" : "only-scores";
    this.element = h(
      "div",
      { class: `charts ${shape}` },
      this.score &&
        panel("Scores", { class: "score-panel", aside: note(words.note) }, this.score.element),
      this.loss &&
        panel("Loss", { aside: note("Dashed: learning rate restarts") }, this.loss.element),
      this.accuracy &&
        panel(
          "Accuracy",
          { aside: note(this.search && "With shared weights") },
          this.accuracy.element,
        ),
    );
    this.update = throttled(250, () => this.draw());
  }

  /** Read late, since the run's first event, which has the words, may come after construction. */
  get words() {
    return scoreWords(this.model.run);
  }

  #lossPlot() {
    const { model } = this;
    return new Plot({
      label: "Training loss over steps",
      x: "step",
      format: (v) => fixed(v, v >= 10 ? 0 : 2),
      right: (v) => String(Number(v.toPrecision(2))),
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
    });
  }

  #accuracyPlot() {
    const { model, third } = this;
    return new Plot({
      label: "Accuracy over steps",
      x: "step",
      format: (v) => roundFigure(v, "fraction"),
      marks: () => model.restarts,
      range: [0, null],
      series: [
        { label: "Training", colour: "--series-3", format: percent },
        { label: "Validation", colour: "--series-2", format: percent },
        ...third ? [{ label: third.label, colour: "--series-4", format: percent }] : [],
      ],
    });
  }

  #scorePlot() {
    return new Plot({
      label: "Score of each trial, and the best so far",
      x: "trial",
      format: (v) => roundFigure(v, this.words.unit),
      bands: [{ series: [5, 4], colour: "--series-1-band" }],
      series: [
        { label: "Trial", colour: "--series-1-soft", format: this.figure, kind: "points", size: 4 },
        {
          label: "Best so far",
          colour: "--series-1",
          format: this.figure,
          kind: "step",
          width: 2.5,
        },
        { label: "Selection", colour: "--series-2", format: this.figure, kind: "points", size: 7 },
        // The range of the trials that share a point.
        { label: "Lowest", colour: "--series-1-soft", kind: "hidden" },
        { label: "Highest", colour: "--series-1-soft", kind: "hidden" },
      ],
    });
  }

  draw() {
    const { model } = this;
    if (this.score) this.score.setData(scoreData(model), this.#scoreSummary());
    if (!this.loss) return;
    const { steps } = model;
    const { loss, learningRate, trainAccuracy } = steps.columns;
    const last = steps.last;
    this.loss.setData(
      [steps.x, loss, learningRate],
      last ? `last ${fixed(last.loss)}` : "no steps yet",
    );
    const perEpoch = model.stepsPerEpoch ?? 1;
    const columns = ["validAccuracy", ...this.third ? [this.third.column] : []]
      .map((name) => model.epochs.columns[name]);
    const at = model.epochs.x.map((epoch) => epoch * perEpoch);
    const data = columns.flat().some((v) => v !== null)
      ? joined([steps.x, trainAccuracy], [at, ...columns])
      : [steps.x, trainAccuracy, ...columns.map(() => steps.x.map(() => null))];
    this.accuracy.setData(data, last ? `training ${percent(last.trainAccuracy)}` : "no steps yet");
  }

  #scoreSummary() {
    const { trialCount, run, selected } = this.model;
    if (!trialCount) return "no trials yet";
    const best = run.best ? `, best ${this.figure(run.best.score)} at trial ${run.best.trial}` : "";
    const chosen = selected ? `, selected ${this.figure(selected.score)}` : "";
    return `${count(trialCount)} trials${best}${chosen}. ${this.words.note}`;
  }

  destroy() {
    this.update.cancel();
    for (const plot of [this.score, this.loss, this.accuracy]) plot?.destroy();
  }
}

/** A third accuracy curve, where the settings ask for one. */
function thirdAccuracy({ config }) {
  if (config?.evaluator?.policyEvaluation ?? config?.policyEvaluation) {
    return { column: "policyAccuracy", label: "Policy average" };
  }
  if (config?.evalTestEachEpoch) return { column: "testAccuracy", label: "Test, looked at" };
  return null;
}

/** Trials, the best score so far (drawn up to the last reward trial), and scores of the selection. */
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
