/**
 * The page's data of a run: the down-sampled history, then every event. A resumed run repeats steps and
 * trials; series are keyed by them, and the last value replaces earlier ones.
 */

/** Limit of live points; beyond it they are thinned to half. */
const maxPoints = 6000;

/** Columns of numbers over an ascending x. */
export class Series {
  constructor(names) {
    this.x = [];
    this.columns = Object.fromEntries(names.map((name) => [name, []]));
  }

  push(x, values) {
    this.cut(x);
    this.x.push(x);
    for (const [name, column] of Object.entries(this.columns)) column.push(values[name] ?? null);
    if (this.x.length > maxPoints) this.#thin();
  }

  /** Drops all rows from `x` on. */
  cut(x) {
    let n = this.x.length;
    while (n > 0 && this.x[n - 1] >= x) n--;
    this.x.length = n;
    for (const column of Object.values(this.columns)) column.length = n;
  }

  /** Drops every second row of the older half; newer ones stay dense. */
  #thin() {
    const half = maxPoints / 2;
    const keep = (_, i) => i >= half || i % 2 === 0;
    this.x = this.x.filter(keep);
    for (const name in this.columns) this.columns[name] = this.columns[name].filter(keep);
  }

  get last() {
    const at = this.x.length - 1;
    if (at < 0) return null;
    return Object.fromEntries(Object.entries(this.columns).map(([k, v]) => [k, v[at]]));
  }
}

/** An event with the time of reading it, in ms of `performance.now`. */
const timed = (told) => ({ ...told, readAt: performance.now() });

export class RunModel {
  /** @param {object} run as `GET /runs/:id` gives it */
  constructor(run) {
    this.setRun(run);
    this.next = 0;
    this.steps = new Series(["loss", "trainAccuracy", "learningRate"]);
    this.epochs = new Series(["validAccuracy", "policyAccuracy", "testAccuracy", "seconds"]);
    this.controller = new Series(["entropy", "baseline", "reward", "loss", "skipRate"]);
    this.trials = new Series(["reward", "low", "high", "selection"]);
    this.best = new Series(["score"]);
    /** Weights of a model's kernels, whose names the first model tells. */
    this.kernels = new Series([]);
    this.restarts = [];
    this.probabilities = run.controller?.probabilities ?? null;
    /** Id of the decision behind each row; null in runs that do not record them. */
    this.probabilityIds = run.controller?.decisions ?? null;
    this.selected = run.winner ?? null;
    this.latest = null;
    this.trialCount = run.trials;
    this.start = run.start ?? null;
    this.stepsPerEpoch = run.start?.stepsPerEpoch;
    this.done = run.done ?? null;
    this.warnings = run.warnings;
    this.imagesPerSecond = null;
    this.compiling = run.compiling && timed(run.compiling);
  }

  setRun(run) {
    this.run = run;
    this.readAt = performance.now();
  }

  apply(event) {
    this.next = event.seq + 1;
    this.compiling = null;
    this[`on_${event.type}`]?.(event);
  }

  on_start(event) {
    this.start = this.run.start = event;
    this.run.epochs = event.epochs;
    this.stepsPerEpoch = event.stepsPerEpoch;
  }

  on_compile(event) {
    this.compiling = timed(event);
  }

  on_step(event) {
    const { step, learningRate } = event;
    const before = this.steps.last?.learningRate;
    this.steps.push(step, event);
    if (before !== undefined && learningRate > before * 1.5) this.restarts.push(step);
    this.imagesPerSecond = event.imagesPerSecond;
    Object.assign(this.run, {
      state: "running",
      step,
      steps: event.steps,
      epoch: event.epoch,
      secondsLeft: event.secondsLeft,
    });
    this.readAt = performance.now();
  }

  on_epoch(event) {
    this.epochs.push(event.epoch, event);
    this.run.epoch = event.epoch;
  }

  on_controller(event) {
    this.controller.push(event.epoch, event);
    if (event.probabilities) {
      this.probabilities = event.probabilities;
      this.probabilityIds = event.decisions ?? null;
    }
  }

  on_trial(event) {
    const { on, score, status = "ok" } = event;
    if (status === "ok") {
      this.trials.push(
        event.trial,
        on === "reward" ? { reward: score, low: score, high: score } : { selection: score },
      );
    }
    this.trialCount = Math.max(this.trialCount, event.trial + 1);
    this.latest = event;
    if (event.model) this.#weigh(event.trial, event.model);
  }

  #weigh(trial, { kernels, weights }) {
    if (this.kernels.x.length === 0) this.kernels = new Series(kernels);
    this.kernels.push(trial, Object.fromEntries(kernels.map((name, k) => [name, weights[k]])));
  }

  on_best(event) {
    if (this.latest?.on === "selection") this.selected = event;
    else {
      this.best.push(event.trial, { score: event.score });
      this.run.best = { trial: event.trial, score: event.score };
    }
  }

  on_resume(event) {
    this.steps.cut(event.fromStep + 1);
    this.restarts = this.restarts.filter((step) => step <= event.fromStep);
  }

  on_warn(event) {
    this.warnings.push(event.message);
  }

  on_done(event) {
    this.done = event;
    Object.assign(this.run, { state: "done", secondsLeft: 0 });
  }
}
