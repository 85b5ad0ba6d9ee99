/** The curves of a run: scores, the controller's entropy and skips, operations, learning rate. */
import { type History, spaceOf, type Tally, tally } from "../history.ts";
import { type Chart, chartWidth, drawChart, type Point, type Series } from "./chart.ts";
import { curveColours, operationColour } from "./colours.ts";
import { document, faint, n, text } from "./svg.ts";

const margin = 24;
/** Candidates tallied per epoch: more make no visible difference. */
const talliedPerEpoch = 400;
const percent = (fraction: number) => `${Number((100 * fraction).toFixed(1))} %`;
const plain = (value: number) => String(Number(value.toPrecision(4)));

/** Draws one SVG, charts below each other. @param name of the run, for the title. */
export function plotRun(history: History, name: string): string {
  const { start, epochs, foreign } = history;
  const unit = foreign?.scored === false ? "architectures" : "epochs";
  const charts = [
    scores(history),
    ...start.command === "search" ? ofSearch(history) : [losses(history)],
    learningRates(history),
  ].map(withoutGaps).filter(({ series }) => series.some(({ points }) => points.length > 0));
  const x = [0, start.epochs] as const;
  const head = [start.command, start.space, start.strategy, start.data?.name]
    .filter((part) => part).join(" · ");
  const parts = [
    text(margin, margin + 14, name, { size: 17, bold: true }),
    text(
      margin,
      margin + 34,
      `${head} · ${foreign ? "" : `${epochs.length} of `}${start.epochs} ${unit}`,
      {
        fill: faint,
      },
    ),
  ];
  let y = margin + 56;
  for (const chart of charts) {
    const { height, body } = drawChart(chart, x);
    parts.push(`<g class="chart" transform="translate(${margin} ${n(y)})">`, body, "</g>");
    y += height;
  }
  parts.push(text(margin + 68, y + 6, unit, { size: 11, fill: faint }));
  return document({ width: chartWidth + 2 * margin, height: y + margin, body: parts.join("\n") });
}

/** The chart without the missing figures of another program's log. */
const withoutGaps = (chart: Chart): Chart => ({
  ...chart,
  series: chart.series.map((series) => ({
    ...series,
    points: series.points.filter(([, y]) => Number.isFinite(y)),
  })),
});

function scores({ start, epochs, trials, controllers, done, foreign }: History): Chart {
  if (foreign?.scored === false) return { title: "", series: [], format: percent };
  const search = start.command === "search";
  const scored = trials.filter(({ status = "ok" }) => status === "ok");
  // Searches with a `trained` architecture score each epoch by it; others by the mean over the candidates.
  const trainsBest = controllers.some(({ trained }) => trained !== undefined);
  const valid = epochs.flatMap(({ epoch, validAccuracy: y }) =>
    y === undefined ? [] : [[epoch, y] as const]
  );
  const series: Series[] = [
    {
      name: "train",
      colour: "#9ca3af",
      // Without training beside the trials there is no such figure.
      points: start.score && start.stepsPerEpoch === 0
        ? []
        : epochs.map((e) => [e.epoch, e.trainAccuracy]),
    },
    {
      name: trainsBest
        ? "trained, then scored"
        : search
        ? foreign ? "policy, validation" : "mean reward"
        : "valid",
      colour: "#2563eb",
      points: valid,
    },
  ];
  const looked = (name: "policyAccuracy" | "testAccuracy"): Point[] =>
    epochs.flatMap(({ epoch, [name]: y }) => y === undefined ? [] : [[epoch, y]]);
  const others = [
    { name: "policy average", colour: "#ca8a04", points: looked("policyAccuracy") },
    { name: "test, looked at", colour: "#f87171", points: looked("testAccuracy") },
  ];
  series.push(...others.filter(({ points }) => points.length > 0));
  if (trainsBest) {
    const points = controllers.flatMap(({ epoch, reward: y }) =>
      y === undefined ? [] : [[epoch + 1, y] as const]
    );
    series.push({ name: "mean reward", colour: "#7c3aed", points });
  }
  if (search) {
    series.unshift({
      name: "candidates",
      colour: "#16a34a",
      as: "dots",
      points: thin(spread(scored), 3000),
    });
    series.push({ name: "best so far", colour: "#166534", points: bestSoFar(scored) });
  }
  if (foreign) {
    series.push({
      name: search ? "policy, test" : "test",
      colour: "#dc2626",
      points: foreign.tests,
    });
  }
  if (done?.testAccuracy !== undefined) {
    const points: Point[] = [[start.epochs, done.testAccuracy]];
    series.push({ name: `test ${percent(done.testAccuracy)}`, colour: "#dc2626", points });
  }
  if (!search) return { title: "Accuracy", series, format: percent };
  const { label = "accuracy with shared weights", unit = "fraction" } = start.score ?? {};
  const title = label[0].toUpperCase() + label.slice(1);
  return unit === "fraction"
    ? { title, series, format: percent }
    : { title: unit ? `${title} (${unit})` : title, series, format: plain };
}

function ofSearch(history: History): Chart[] {
  const { controllers, trials } = history;
  const entropy = controllers.flatMap(({ epoch, entropy: y }) =>
    y === undefined ? [] : [[epoch + 1, y] as const]
  );
  const space = spaceOf(history);
  const chosen = new Map<number, number[][]>();
  for (const { epoch, choice } of trials) {
    const choices = chosen.get(epoch + 1) ?? [];
    choices.push(choice);
    chosen.set(epoch + 1, choices);
  }
  const tallies = [...chosen].map(([epoch, choices]) =>
    [epoch, tally(space, thin(choices, talliedPerEpoch))] as const
  );
  const rates = tallies.filter(([, { skips }]) => skips.offered > 0)
    .map(([epoch, { skips }]) => [epoch, skips.taken / skips.offered] as const);
  return [
    {
      title: "Entropy of the controller (nats)",
      series: [{ name: "entropy", colour: "#7c3aed", points: entropy }],
      format: plain,
    },
    {
      title: "Skip connections taken",
      series: [{ name: "skip rate", colour: "#ea580c", points: rates }],
      format: percent,
      range: [0, 1],
    },
    operations(tallies),
    kernelWeights(trials),
  ];
}

/** Weights that the models of a search gave their kernels. */
function kernelWeights(trials: History["trials"]): Chart {
  const at = spread(trials);
  const points = new Map<string, Point[]>();
  trials.forEach(({ model }, i) =>
    model?.kernels.forEach((name, k) => {
      const own = points.get(name) ?? [];
      own.push([at[i][0], model.weights[k]]);
      points.set(name, own);
    })
  );
  const series = [...points].map(([name, own], k): Series => ({
    name,
    ...curveColours(k),
    points: [...thin(own, 3000)],
  }));
  return { title: "Weights of the kernels", series, format: percent, range: [0, 1] };
}

function operations(tallies: readonly (readonly [epoch: number, Tally])[]): Chart {
  const labels = [...new Set(tallies.flatMap(([, { operations }]) => [...operations.keys()]))]
    .sort();
  const series = labels.map((label): Series => ({
    name: label,
    colour: operationColour(label).line,
    as: "area",
    points: tallies.map(([epoch, { operations }]) => {
      const all = [...operations.values()].reduce((a, b) => a + b, 0);
      return [epoch, (operations.get(label) ?? 0) / all] as const;
    }),
  }));
  return { title: "Operations of the candidates", series, format: percent, range: [0, 1] };
}

function losses({ epochs }: History): Chart {
  const points = epochs.map(({ epoch, loss }) => [epoch, loss] as const);
  return {
    title: "Training loss",
    series: [{ name: "loss", colour: "#7c3aed", points }],
    format: plain,
  };
}

/** Chart of the learning rate. A warm restart is a jump up after a fall, unlike the warm-up at the start. */
function learningRates({ start, steps }: History): Chart {
  const points = steps.map(({ step, learningRate }): Point => [
    step / start.stepsPerEpoch,
    learningRate,
  ]);
  const marks = points.flatMap(([x, rate], i) => {
    const fell = i > 1 && points[i - 1][1] <= points[i - 2][1];
    return fell && rate > 1.2 * points[i - 1][1] ? [{ x: Math.floor(x), name: "restart" }] : [];
  });
  return {
    title: "Learning rate",
    series: [{ name: "learning rate", colour: "#0f766e", points }],
    format: plain,
    marks,
  };
}

function bestSoFar(trials: History["trials"]): Point[] {
  const points = new Map<number, number>();
  let best = -Infinity;
  for (const { epoch, score, partial } of trials) {
    if (partial) continue;
    best = Math.max(best, score);
    points.set(epoch + 1, best);
  }
  return [...points];
}

/** Spreads candidates before an epoch's end, since they are scored one after the other. */
function spread(trials: History["trials"]): Point[] {
  const counts = new Map<number, number>();
  for (const { epoch } of trials) counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
  const seen = new Map<number, number>();
  return trials.map(({ epoch, score }) => {
    const i = (seen.get(epoch) ?? 0) + 1;
    seen.set(epoch, i);
    return [epoch + 0.4 + 0.6 * i / counts.get(epoch)!, score];
  });
}

/** At most `most` elements, evenly spaced. */
function thin<T>(all: readonly T[], most: number): readonly T[] {
  const every = Math.ceil(all.length / most);
  return every <= 1 ? all : all.filter((_, i) => i % every === 0);
}
