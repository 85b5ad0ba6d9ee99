/** Fills a model with the run's down-sampled history from the server. */

/** @param {import("./model.js").RunModel} model; @param {object} curves as `GET /runs/:id/curves` gives them */
export function readHistory(model, curves) {
  for (const name of ["steps", "epochs", "controller", "kernels", "trials", "best"]) {
    const { x, ...columns } = curves[name];
    const series = model[name];
    series.x = x;
    // All that the server has: a new curve needs no list here.
    for (const column of Object.keys({ ...series.columns, ...columns })) {
      series.columns[column] = columns[column] ?? x.map(() => null);
    }
  }
  const { best } = model;
  if (best.x.length && !model.run.best) {
    model.run.best = { trial: best.x.at(-1), score: best.last.score };
  }
  model.imagesPerSecond = curves.steps.imagesPerSecond.at(-1) ?? null;
  model.next = curves.next;
  model.restarts = restartsOf(model.steps);
}

/** Steps at which the learning rate jumped up. */
function restartsOf({ x, columns: { learningRate } }) {
  return x.filter((_, i) => i > 0 && learningRate[i] > learningRate[i - 1] * 1.5);
}
