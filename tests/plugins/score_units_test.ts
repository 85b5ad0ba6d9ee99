/** Scores of a plug-in's evaluator that are no fractions: wherever they are shown they stand in their own unit. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { figure, outcome, roundFigure, scoreWords } from "../../src/http/ui/scores.js";
import { denas } from "../cli/command.ts";
import { serve } from "../http/serving.ts";

const here = Deno.makeTempDirSync({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(here, { recursive: true }));
const env = { INIT_CWD: here };

/** Bytes of a cell, minimised and so negated, or the logarithm of that; every fourth trial fails. */
Deno.writeTextFileSync(
  join(here, "bytes.ts"),
  `import { defineEvaluator, evaluateEach, TrialError, z } from "denas";
export default defineEvaluator({
  name: "bytes",
  summary: "bytes of a cell, to be minimised",
  settings: z.strictObject({ logarithm: z.boolean().default(false) }),
  cost: "lookup",
  needsDevice: false,
  loop: { epochs: 1, rounds: 12, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  open({ logarithm }, { space }) {
    const score = ({ id, arch }) => {
      if (id === 3) throw new TrialError("the cell has no bytes");
      const bytes = 1.4e7 + space.encode(arch).reduce((sum, c) => 5 * sum + c, 0);
      return { value: logarithm ? -Math.log(bytes) : -bytes };
    };
    return Promise.resolve({
      evaluator: {
        remembers: true,
        evaluate: (trials) => evaluateEach(trials, score),
        snapshot: () => Promise.resolve({ json: null, tensors: {} }),
        restore: () => Promise.resolve(),
      },
      target: { input: [8, 8, 3], classes: 3 },
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: 0 }),
      scoreKind: "table",
      score: { label: "size, negated", unit: logarithm ? "" : "B", comparable: true },
      arch: { input: [8, 8, 3], classes: 3 },
      start: {},
    });
  },
});
`,
);

const search = (seed: number, ...more: string[]) =>
  denas([
    ...["search", "--mode", "nasbench201", "--plugin", "bytes.ts", "--evaluator", "bytes"],
    ...[
      "--strategy",
      "evolution",
      "--set",
      "strategy.population=3",
      "--set",
      "strategy.tournament=2",
    ],
    ...["--seed", String(seed), ...more],
  ], env);

Deno.test("scores of −14 million bytes are searched, listed, compared, drawn and plotted as such", async () => {
  for (const seed of [1, 2, 3]) {
    const { code, stdout, stderr } = await search(seed);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /size, negated -1400\d{4} B/);
    assert.match(stderr, /trial 3 failed: the cell has no bytes/);
    assert.match(stderr, /epoch 1\/1 .*valid -1400\d{4} B .*best -1400\d{4} B/);
    assert.ok(!/%/.test(stdout + stderr), stdout + stderr);
  }
  const runs = await denas(["runs"], env);
  assert.match(runs.stdout, /-1400\d{4} B/);
  const compared = await denas(["compare"], env);
  assert.match(compared.stdout, /-1400\d{4} ± \d+(\.\d+)? B/, compared.stdout);
  const shown = await denas(["show", "arch.json", "--svg"], env);
  assert.match(shown.stdout, /-1400\d{4} B looked up/);
  const [{ name }] = [...Deno.readDirSync(join(here, "runs"))];
  const plotted = await denas(["plot", name], env);
  assert.equal(plotted.code, 0, plotted.stderr);
  const svg = Deno.readTextFileSync(join(here, "runs", name, "plot.svg"));
  assert.match(svg, />Size, negated \(B\)</);
  assert.match(svg, />-14000000</);
  assert.ok(!/NaN|Infinity/.test(svg));
});

Deno.test("the page's index takes them, marks what failed, and leaves it out of curves and ranks", async () => {
  await using served = await serve({ runs: join(here, "runs") });
  const { runs } = await served.json<{ runs: { id: string; scoreUnit: string }[] }>("/runs");
  assert.ok(runs.length >= 3 && runs.every(({ scoreUnit }) => scoreUnit === "B"));
  const at = `/runs/${runs[0].id}`;
  const run = await served.json(at);
  const { trials } = await served.json<{ trials: { trial: number; score: number }[] }>(
    `${at}/trials`,
  );
  assert.ok(trials.every(({ score }) => score < -1.3e7));
  const failed = await served.json<{ status: string; reason: string }>(`${at}/trials/3`);
  assert.deepEqual([failed.status, failed.reason], ["failed", "the cell has no bytes"]);
  const best = await served.json<{ rank: number }>(`${at}/trials/${trials[0].trial}`);
  assert.equal(best.rank, 1);
  const curves = await served.json<{ trials: { x: number[] } }>(`${at}/curves`);
  assert.ok(!curves.trials.x.includes(3) && curves.trials.x.includes(4));
  const words = scoreWords(run);
  assert.deepEqual([words.name, words.percent, words.unit], ["size, negated", false, "B"]);
  assert.equal(figure(-14000321, words.unit), "-14000300 B");
  assert.equal(outcome({ score: 0, status: "failed" }, words.unit), "failed");
});

Deno.test("logarithms have no unit, and are no per cent where they lie between 0 and 1", async () => {
  const { code, stdout, stderr } = await search(4, "--set", "evaluator.logarithm=true");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /size, negated -16\.4\d+\n/);
  assert.equal(figure(0.25, ""), "0.25");
  assert.equal(roundFigure(0.25, ""), "0.25");
  assert.equal(figure(0.25, "fraction"), "25.00 %");
});
