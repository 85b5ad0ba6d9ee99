/** Commands that use the weights of a run use its kernel variants too. */
import assert from "node:assert/strict";
import { followTuning } from "../../src/cli/follow.ts";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { DataError } from "../../src/common/errors.ts";
import { digestOf, Gpu, type Tuned } from "../../src/gpu/mod.ts";
import { Classifier } from "../../src/nas/train/classifier.ts";
import { resolveRetrainConfig } from "../../src/nas/config/config.ts";
import { buildNetwork, networkOf } from "../../src/nas/train/network.ts";
import { runTuningPath } from "../../src/run/tuning.ts";
import { smallArch } from "../nas/small_arch.ts";

const gpu = await Gpu.open();
const data = syntheticDataSet({ train: 3, valid: 1, test: 0, image: [8, 8, 3], classes: 3 });
const config = resolveRetrainConfig({
  space: "micro",
  preset: "smoke",
  overrides: { "space.blocks": 1, "space.stem": 1 },
});
const network = networkOf(config, smallArch.choice, data);
const { weights } = buildNetwork(network);
weights.materialise(gpu, 1);
const classifier = new Classifier(gpu, network, await weights.tensors());
const ask = () => gpu.questions(() => classifier.dryRun());

/** The last variant for every choice of a classifier. */
const last: Tuned = Object.fromEntries(
  [...ask()].filter(([, all]) => all.length > 1)
    .map(([key, all]) => [key, { index: all.length - 1, among: digestOf(all) }]),
);

function runWith(text: string | null): string {
  const run = Deno.makeTempDirSync({ prefix: "denas-" });
  if (text !== null) Deno.writeTextFileSync(runTuningPath(run), text);
  return run;
}

const tuned = (choices: Tuned) => JSON.stringify({ choices, from: null });

/** The notes, and the choices that the classifier uses. */
function follow(run: string) {
  const notes: string[] = [];
  followTuning(gpu, run, ask, (note) => notes.push(note));
  return { notes, choices: gpu.tuning.choices };
}

Deno.test("A network is used with the forms of the run that trained it, whatever the number of images", async () => {
  assert.ok(Object.keys(last).length > 3);
  const { notes, choices } = follow(runWith(tuned(last)));
  assert.deepEqual(notes, []);
  assert.deepEqual(choices, Object.fromEntries(Object.entries(last).map(([k, c]) => [k, c.index])));
  const seen = new Set<string>();
  gpu.tuning.listener = (key) => seen.add(key);
  const logits = await classifier.logits(data.train.pixels, 3);
  gpu.tuning.listener = null;
  assert.ok(Object.keys(last).some((key) => seen.has(key)));
  assert.ok(logits.every(Number.isFinite));
});

Deno.test("Forms that there are not here are left out, and said", async () => {
  const [[key, choice], ...others] = Object.entries(last);
  const run = runWith(tuned({ ...last, [key]: { ...choice, index: 99, among: "others" } }));
  const { notes, choices } = follow(run);
  assert.equal(notes.length, 1);
  assert.ok(notes[0].startsWith("1 kernel has other forms here"), notes[0]);
  assert.deepEqual(choices, Object.fromEntries(others.map(([k, c]) => [k, c.index])));
  await classifier.logits(data.train.pixels, 3);
});

Deno.test("A run without a tuning is followed by default forms, one whose tuning is damaged is not", () => {
  gpu.tuning.choices = { something: 1 };
  assert.deepEqual(follow(runWith(null)), { notes: [], choices: {} });
  assert.throws(() => follow(runWith('{"choices": 3}')), DataError);
});
