/** Comparing runs whose figures are known: groups, differences, and what may not be concluded. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { report } from "../../src/cli/compare.ts";
import type { ArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { compareRuns } from "../../src/run/compare.ts";
import type { ReadRun } from "../../src/run/read_run.ts";

let count = 0;

const logged = { seq: 0, time: "2026-01-31T00:00:00Z" };

interface Made {
  seed: number;
  score: number;
  strategy?: string;
  choice?: number[];
  settings?: Record<string, unknown>;
  images?: number;
}

/** A retraining with this test accuracy; its validation accuracy is always 0.5. */
function retraining({ seed, score, strategy, choice = [seed], settings, images = 100 }: Made) {
  const done = {
    ...logged,
    type: "done",
    seconds: 1,
    queries: 1,
    trainedImages: images,
    peakBytes: 0,
    validAccuracy: 0.5,
    testAccuracy: score,
  } as const;
  return {
    path: `/runs/r${++count}`,
    name: `r${count}`,
    command: "retrain",
    config: { seed, space: { kind: "macro" }, epochs: 2, ...settings },
    state: { status: "done" },
    arch: { choice, strategy } as ArchFile,
    start: { parameters: 1000 },
    done,
  } as unknown as ReadRun;
}

function searching({ seed, score, strategy, images = 100 }: Made): ReadRun {
  const run = retraining({ seed, score, images });
  return {
    ...run,
    command: "search",
    config: { seed, space: { kind: "macro" }, strategy: { kind: strategy! } },
    arch: undefined,
    done: { ...run.done!, score, testAccuracy: undefined, validAccuracy: undefined },
  };
}

const seeds = (scores: number[], strategy: string, more: Partial<Made> = {}) =>
  scores.map((score, i) => retraining({ seed: i + 1, score, strategy, ...more }));

Deno.test("runs that differ in seeds alone are one group, with mean and deviation", () => {
  const { groups, pairs } = compareRuns([
    ...seeds([0.7, 0.8, 0.9], "enas"),
    ...seeds([0.5], "enas", { settings: { epochs: 3 } }),
  ]);
  assertEquals(groups.map((g) => g.label), ["enas epochs=2", "enas epochs=3"]);
  const { summary } = groups[0].metrics.test!;
  assertAlmostEquals(summary.mean, 0.8);
  assertAlmostEquals(summary.deviation, 0.1);
  assertEquals(pairs[0].outcome, "too few");
});

Deno.test("a clear difference is found, and answers whether searching was worth it", () => {
  const comparison = compareRuns([
    ...seeds([0.9, 0.901, 0.902], "enas"),
    ...seeds([0.85, 0.851, 0.852], "baseline"),
  ]);
  assertEquals(comparison.pairs.map((p) => [p.metric, p.outcome]), [["test", "a"]]);
  const text = report(comparison);
  assert(/enas against baseline, test: \+5\.00 points: enas is better/.test(text), text);
  assert(text.includes("yes: enas is better than the hand-made network"), text);
  assert(text.includes("0.10 by permutation"), text);
  assert(text.includes("90.10 ± 0.10 %"), text);
});

Deno.test("overlapping groups show no difference, and the text says what could not be seen", () => {
  const comparison = compareRuns([
    ...seeds([0.9, 0.88, 0.91], "enas"),
    ...seeds([0.89, 0.9, 0.87], "random"),
  ]);
  const [{ outcome, welch }] = comparison.pairs;
  assertEquals(outcome, "not shown");
  assert(welch.p > 0.3);
  const text = report(comparison);
  assert(text.includes("no difference shown"), text);
  assert(text.includes("not shown: enas is not told apart from what random search found"), text);
});

Deno.test("a better hand-made network says no", () => {
  const runs = [...seeds([0.7, 0.701, 0.702], "enas"), ...seeds([0.8, 0.801, 0.802], "baseline")];
  assert(report(compareRuns(runs)).includes("no: the hand-made network is better than enas"));
});

Deno.test("two seeds are too few, however far apart", () => {
  const runs = [...seeds([0.9, 0.901], "enas"), ...seeds([0.1, 0.101], "random")];
  const comparison = compareRuns(runs);
  assertEquals(comparison.pairs[0].outcome, "too few");
  assert(/too few seeds to tell \(2 and 2, at least 3/.test(report(comparison)));
});

Deno.test("more comparisons ask for smaller p", () => {
  const runs = ["enas", "random", "baseline"].flatMap((s, i) =>
    seeds([0.8, 0.81, 0.82].map((v) => v + 0.015 * i), s)
  );
  const comparison = compareRuns(runs);
  const { pairs } = comparison;
  const [{ level }] = pairs;
  assertAlmostEquals(level, 0.05 / 3);
  // p = 0.021 between neighbours two steps apart: below 0.05, but not below a third of it.
  const far = pairs.find((p) => Math.abs(p.welch.difference) > 0.02)!;
  assert(far.welch.p < 0.05 && far.welch.p > level, `${far.welch.p}`);
  assertEquals(far.outcome, "not shown");
  assert(far.welch.halfWidth > Math.abs(far.welch.difference), "the interval is of that level");
  assert(report(comparison).includes("98.3 % interval"));
  const [one] = compareRuns([...runs, ...seeds([0.1], "given")]).pairs;
  assertAlmostEquals(one.level, 0.05 / 3);
});

Deno.test("hand-made networks of different widths are one group", () => {
  const runs = [4, 6, 8].flatMap((filters, i) => [
    retraining({
      seed: i,
      score: 0.5,
      strategy: "baseline",
      settings: { space: { kind: "macro", filters } },
    }),
    retraining({
      seed: i,
      score: 0.6,
      strategy: "enas",
      settings: { space: { kind: "macro", filters: 16 } },
    }),
  ]);
  assertEquals(compareRuns(runs).groups.map((g) => g.label), ["baseline", "enas"]);
  const wide = retraining({
    seed: 9,
    score: 1,
    strategy: "enas",
    settings: { space: { kind: "macro", filters: 32 } },
  });
  assertEquals(compareRuns([...runs, wide]).groups.map((g) => g.label), [
    "baseline",
    "enas space.filters=16",
    "enas space.filters=32",
  ]);
});

Deno.test("a repeated seed is no second observation; another architecture with that seed is", () => {
  const twice = [retraining({ seed: 1, score: 0.9, strategy: "enas", choice: [1] })];
  twice.push(retraining({ seed: 1, score: 0.9, strategy: "enas", choice: [1] }));
  twice.push(retraining({ seed: 1, score: 0.8, strategy: "enas", choice: [2] }));
  const { groups, notes } = compareRuns(twice);
  assertEquals(groups[0].runs.length, 2);
  assert(/repeats r\d+ \(seed 1\): left out/.test(notes[0]), notes[0]);
});

Deno.test("runs that are not done are left out by name", () => {
  const run = { ...retraining({ seed: 1, score: 0.9 }), done: undefined };
  run.state = { ...run.state, status: "interrupted" };
  const { groups, notes } = compareRuns([run]);
  assertEquals(groups.length, 0);
  assert(notes[0].endsWith("is interrupted, not done: left out"), notes[0]);
});

Deno.test("values of a table and scores of shared weights are never compared", () => {
  const runs = [1, 2, 3].flatMap((seed) => {
    const run = searching({ seed, score: 0.7, strategy: "random" });
    const report = { objective: "validation", metric: "test", value: 0.9 + 0.01 * seed };
    const table = searching({ seed, score: 0.7, strategy: "random" });
    return [run, {
      ...table,
      start: { ...table.start!, evaluator: "table" },
      done: { ...table.done!, report },
    }];
  });
  const { groups, pairs } = compareRuns(runs);
  assertEquals(groups.map((g) => Object.keys(g.metrics)), [["sharedWeights"], ["table"]]);
  assertAlmostEquals(groups[1].metrics.table!.summary.mean, 0.92);
  assertEquals(pairs, []);
});

Deno.test("searches are compared by shared-weight scores, with their budgets", () => {
  const runs = [1, 2, 3].flatMap((seed) => [
    searching({ seed, score: 0.7, strategy: "enas" }),
    searching({ seed, score: 0.6, strategy: "random" }),
  ]);
  const text = report(compareRuns(runs));
  assert(
    text.includes("Equal budgets (search, macro): 100 images trained on, 1 architecture scored"),
  );
  assert(
    text.includes("it is no network's own accuracy") || text.includes("no network's own accuracy"),
  );
  const [first, ...rest] = runs;
  const other = { ...first, done: { ...first.done!, trainedImages: 130 } };
  assert(report(compareRuns([other, ...rest])).includes("Budgets differ (search, macro):"));
});
