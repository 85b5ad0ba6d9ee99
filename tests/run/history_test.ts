import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import type { RunEvent } from "../../src/nas/events.ts";
import { extract } from "../../src/run/extract.ts";
import { bestOfEpochs, historyOf, spaceOf, tally } from "../../src/run/history.ts";
import { readHistory } from "../../src/run/read_history.ts";
import { plotRun } from "../../src/run/drawing/run_plot.ts";
import { madeSearch } from "./made_search.ts";

const lines = (events: readonly RunEvent[]) =>
  events.map((event, seq) => JSON.stringify({ seq, time: "2026-01-31T00:00:00Z", ...event })).join(
    "\n",
  ) + "\n";

Deno.test("a resumed run repeats steps, trials and epochs: the last ones count", () => {
  const events = madeSearch();
  const once = historyOf(events, "events.ndjson");
  const from = events.findIndex((event) => event.type === "epoch" && event.epoch === 2);
  const worse = events.slice(0, from).map((event): RunEvent =>
    event.type === "trial" || event.type === "best" ? { ...event, score: 0.01 } : event
  );
  const resumed = [...worse, { type: "resume" as const, fromStep: 0 }, ...events.slice(1)];
  assertEquals(historyOf([...resumed], "events.ndjson"), once);
  assertEquals(once.epochs.map(({ epoch }) => epoch), [1, 2, 3, 4]);
  assertEquals(bestOfEpochs(once).map(({ epoch, trial }) => [epoch, trial.score]), [
    [1, 0.33],
    [2, 0.43],
    [3, 0.53],
    [4, 0.63],
  ]);
});

Deno.test("a torn last line is left out and said, a damaged one is refused with its number", () => {
  const folder = Deno.makeTempDirSync();
  const file = join(folder, "events.ndjson");
  const text = lines(madeSearch());
  Deno.writeTextFileSync(file, text.slice(0, -20));
  const count = text.split("\n").length - 1;
  const history = readHistory(folder);
  assertEquals(history.torn, `line ${count} of ${file} is cut and was left out`);
  assertEquals(history.done, undefined);
  const all = text.split("\n");
  Deno.writeTextFileSync(file, all.with(4, "{").join("\n"));
  assertThrows(() => readHistory(folder), /line 5 is no JSON/);
  Deno.writeTextFileSync(file, all.with(4, '{"type":"step","epoch":1}').join("\n"));
  assertThrows(() => readHistory(folder), /line 5 is no event of a run: step: /);
  Deno.writeTextFileSync(file, "");
  assertThrows(() => readHistory(folder), /no event tells the start of a run/);
  assertThrows(
    () => readHistory(join(folder, "none")),
    /there is no .*none, expected a run's folder/,
  );
});

Deno.test("operations and skips are counted by decision; cells have no skips", () => {
  const space = spaceOf(historyOf(madeSearch(), "e"));
  const { operations, skips } = tally(space, [[5, 1, 1, 2, 0, 1], [5, 0, 0, 0, 0, 0]]);
  assertEquals(skips, { taken: 2, offered: 6 });
  assertEquals([...operations].sort(), [
    ["conv 3×3", 2],
    ["conv 5×5", 1],
    ["max pool 3×3", 2],
    ["sep 3×3", 1],
  ]);
  const config = { space: { kind: "micro", layers: 3, filters: 8, blocks: 1 } };
  const micro = madeSearch().map((event): RunEvent =>
    event.type === "start" ? { ...event, space: "micro", config } : event
  );
  const cells = spaceOf(historyOf(micro, "e"));
  const identities = tally(cells, [[0, 4, 1, 4, 0, 4, 1, 4]]);
  assertEquals(identities.skips.offered, 0);
  assertEquals([...identities.operations], [["identity", 4]]);
});

Deno.test("a plot shows the curves that a run has and marks the warm restart", () => {
  const svg = plotRun(historyOf(madeSearch(), "e"), "2026-01-31-macro-1");
  const titles = [
    ...svg.matchAll(/font-size="13" text-anchor="start" font-weight="bold"[^>]*>([^<]*)</g),
  ]
    .map(([, title]) => title);
  assertEquals(titles, [
    "Accuracy with shared weights",
    "Entropy of the controller (nats)",
    "Skip connections taken",
    "Operations of the candidates",
    "Learning rate",
  ]);
  assertEquals(svg.match(/>restart</g)?.length, 1);
  for (const label of ["conv 3×3", "max pool 3×3", "mean reward", "best so far"]) {
    assert(svg.includes(`>${label}</text>`), label);
  }
  assert(!/NaN|undefined|Infinity/.test(svg), "every coordinate is a number");
  const random = madeSearch().filter(({ type }) => type !== "controller");
  const without = plotRun(historyOf(random, "e"), "random");
  assert(!without.includes("Entropy") && without.includes("Skip connections taken"));
  const cut = plotRun(historyOf(madeSearch().slice(0, 3), "e"), "just begun");
  assert(!/NaN|undefined|Infinity/.test(cut));
});

Deno.test("a policy's average and a look at the test images are curves of their own", () => {
  const plot = (more: Record<string, number>) =>
    plotRun(
      historyOf(madeSearch().map((e) => e.type === "epoch" ? { ...e, ...more } : e), "e"),
      "a",
    );
  const labels = [">policy average</text>", ">test, looked at</text>"];
  const seen = (svg: string) => labels.map((label) => svg.includes(label));
  assertEquals(seen(plot({})), [false, false]);
  assertEquals(seen(plot({ policyAccuracy: 0.25 })), [true, false]);
  assertEquals(seen(plot({ testAccuracy: 0.25 })), [false, true]);
});

Deno.test("where an epoch's score is that of what was trained, the candidates' mean has its own curve", () => {
  const own = madeSearch().map((event) =>
    event.type === "controller" ? { ...event, trained: 0.5 } : event
  );
  const [nnabla, enas] = [own, madeSearch()].map((events) => plotRun(historyOf(events, "e"), "a"));
  assert(nnabla.includes(">trained, then scored</text>") && nnabla.includes(">mean reward</text>"));
  assert(!enas.includes("trained, then scored"));
});

Deno.test("a run's architectures are ranked by the selection's scores where there are some", () => {
  const folder = Deno.makeTempDirSync();
  const file = join(folder, "events.ndjson");
  Deno.writeTextFileSync(file, lines(madeSearch()));
  const all = extract(folder);
  assertEquals(all.architectures.map(({ score }) => score), [0.7, 0.6]);
  assertEquals(all.best, { epoch: 4, valid: 0.6 });
  assertEquals([all.preset, all.data, all.problems], ["quick", "fashion-mnist", []]);
  const selection = madeSearch().filter((e) => e.type !== "trial" || e.on === "reward");
  Deno.writeTextFileSync(file, lines(selection));
  const trials = extract(file);
  assertEquals(trials.architectures[0].score, 0.63);
  // Four candidates per epoch, two of them the same.
  assertEquals(trials.architectures.map(({ times }) => times).reduce((a, b) => a + b), 16);
  assertEquals(trials.architectures.length, 12);
  assertEquals(extract(file, { epochs: [2, 2] }).architectures.map(({ epoch }) => epoch), [
    2,
    2,
    2,
  ]);
  assertEquals(extract(file, { space: "micro" }).architectures, []);
  assertEquals(trials.scoreKind, "accuracy with shared weights, minibatches of validation images");
  const score = { label: "size, negated", unit: "B", comparable: true };
  const own = selection.map((e) => e.type === "start" ? { ...e, evaluator: "bytes", score } : e);
  Deno.writeTextFileSync(file, lines(own));
  const { scoreKind, scoreUnit } = extract(file);
  assertEquals([scoreKind, scoreUnit], ["size, negated", "B"]);
});
