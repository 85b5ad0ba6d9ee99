/** `tune`, and runs that use its results. Each test has its own cache. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { identityOf } from "../../src/cli/tuning.ts";
import { digestOf, Gpu, type Tuned } from "../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { passesOfSearch } from "../../src/nas/tuning/passes.ts";
import { formsOf } from "../../src/nas/tuning/questions.ts";
import { readJson } from "../../src/run/folder.ts";
import { readLines } from "../../src/run/files.ts";
import { readState } from "../../src/run/state.ts";
import { keepTuning, readRunTuning, runTuningPath, tuningPath } from "../../src/run/tuning.ts";
import { writePictures } from "../data/make.ts";
import { ownCache } from "../own_cache.ts";
import { denas, signalAt, start } from "./command.ts";

/** Environment of `denas` with a cache and a folder of its own. */
const ownPlace = () => ({
  ...ownCache(),
  INIT_CWD: Deno.makeTempDirSync({ prefix: "denas-" }),
});

const cacheOf = (env: { XDG_CACHE_HOME: string }) => join(env.XDG_CACHE_HOME, "denas");

const gpu = await Gpu.open();
const id = identityOf(gpu);

const overrides = {
  batch: 8,
  epochs: 4,
  rounds: 2,
  perRound: 2,
  "evaluator.rewardBatch": 4,
  "selection.drawn": 2,
  "selection.best": 1,
  "selection.images": 8,
};
const search = [
  ...["search", "--mode", "macro", "--preset", "smoke", "--data", "photos", "--wait"],
  ...Object.entries(overrides).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
];

/** The last variant of every norm of this search, since those are few to compile. */
function lastForms(): Tuned {
  const config = resolveSearchConfig({ mode: "macro", preset: "smoke", overrides });
  const forms = formsOf(gpu, passesOfSearch(config, { image: [32, 32, 3], classes: 2 }));
  return Object.fromEntries(
    [...forms].filter(([key]) => key.startsWith("batch_norm"))
      .map(([key, all]) => [key, { index: all.length - 1, among: digestOf(all) }]),
  );
}

/** Results of a search, without times and its folder. */
function found(run: string) {
  const trials = readLines<Record<string, unknown>>(join(run, "trials.ndjson"))
    .map(({ time: _, ...trial }) => trial);
  const weights = Deno.readFileSync(join(run, "supernet.safetensors"));
  return { trials, weights: createHash("sha256").update(weights).digest("hex") };
}

const tuneSmall = ["tune", "--preset", "smoke", "--mode", "macro", "--wait"];

const onlyRun = (runs: string) => join(runs, [...Deno.readDirSync(runs)][0].name);

Deno.test("tune keeps what it measures within its time; a damaged cache is named and built anew", async () => {
  const env = ownPlace();
  const path = tuningPath(cacheOf(env), id.adapter);
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, '{"tunings": [');
  const sick = await denas(["doctor"], env);
  assert(sick.stdout.includes(`Cannot use ${path}`), sick.stdout);

  const args = [...tuneSmall, "--seconds", "4", "--json"];
  const { code, stdout, stderr } = await denas(args, env);
  assertEquals(code, 0, stderr);
  assert(stderr.includes(`Cannot use ${path}`), stderr);
  const report = JSON.parse(stdout);
  // How many there are depends on the machine: a slow one measures nothing in this time, and says so.
  const inFile = () => (readJson(path) as { tunings: { choices: Tuned }[] }).tunings[0].choices;
  const kept = report.measured.length > 0 ? inFile() : {};
  assertEquals(
    Object.keys(kept).sort(),
    report.measured.map(({ key }: { key: string }) => key).sort(),
  );
  const healthy = JSON.parse((await denas(["doctor", "--json"], env)).stdout);
  assertEquals(healthy.tuning?.choices ?? {}, kept);

  const human = await denas([...args.filter((word) => word !== "--json")], env);
  assertEquals(human.code, 0, human.stderr);
  assert(/kernels? measured in|Nothing was measured/.test(human.stdout), human.stdout);
});

Deno.test("tune that is stopped or killed keeps what it measured", async () => {
  const env = ownPlace();
  const path = tuningPath(cacheOf(env), id.adapter);
  const choices = () => (readJson(path) as { tunings: { choices: Tuned }[] }).tunings[0].choices;
  const isThere = () => Deno.stat(path).then(() => true, () => false);

  const killed = start(tuneSmall, env).child;
  while (!await isThere()) await new Promise((resolve) => setTimeout(resolve, 100));
  killed.kill("SIGKILL");
  await killed.output();
  const kept = Object.keys(choices());
  assert(kept.length > 0);

  const { child } = start(tuneSmall, env);
  const stderr = await signalAt("tuning  ", child, "SIGINT");
  await child.stdout.cancel();
  assertEquals((await child.status).code, 130, stderr);
  assert(/^kept {5}\d+ kernels?/m.test(stderr), stderr);
  assert(kept.every((key) => key in choices()));
});

Deno.test("tune that could not keep anything says so before it measures", async () => {
  const env = ownPlace();
  const cache = cacheOf(env);
  Deno.writeTextFileSync(join(cache, "tuning"), "");
  const { code, stdout, stderr } = await denas(tuneSmall, env);
  assertEquals([code, stdout], [1, ""], stderr);
  assertEquals(
    stderr,
    `denas: Cannot write ${
      join(cache, "tuning")
    }: a file has the name of a folder that is needed; ` +
      "choose another name\n",
  );
});

Deno.test("a run killed on the way goes on with the forms it began with, whatever is measured meanwhile", async () => {
  const env = ownPlace();
  const here = env.INIT_CWD;
  await writePictures(join(here, "photos"), { train: 20, valid: 4, test: 6 }, { size: [16, 16] });
  const forms = lastForms();
  assert(Object.keys(forms).length > 0, "there is something to choose");
  keepTuning(cacheOf(env), id, forms, () => {});

  const whole = await denas([...search, "--runs", "whole"], env);
  assertEquals(whole.code, 0, whole.stderr);
  assert(/^tuning {3}\d+ of \d+ kernels in another form/m.test(whole.stderr), whole.stderr);
  const wholeRun = onlyRun(join(here, "whole"));
  assertEquals(readRunTuning(runTuningPath(wholeRun))?.choices, forms);

  const { child } = start(search, env);
  const stderr = await signalAt("epoch 1/4", child, "SIGKILL");
  await child.stdout.cancel();
  await child.status;
  const run = onlyRun(join(here, "runs"));
  assertEquals(readState(run).status, "interrupted", stderr);

  const defaults = Object.fromEntries(
    Object.entries(forms).map(([key, { among }]) => [key, { index: 0, among }]),
  );
  keepTuning(cacheOf(env), id, defaults, () => {});
  const resumed = await denas(["resume", "--wait"], env);
  assertEquals(resumed.code, 0, resumed.stderr);
  assertEquals(readRunTuning(runTuningPath(run))?.choices, forms);
  assertEquals(found(run), found(wholeRun));

  const plain = await denas([...search, "--runs", "plain", "--no-tuning"], env);
  assertEquals(plain.code, 0, plain.stderr);
  const plainRun = onlyRun(join(here, "plain"));
  assertEquals(readRunTuning(runTuningPath(plainRun)), { choices: {}, from: null });
  assert(found(plainRun).weights !== found(wholeRun).weights, "other forms round differently");
});

Deno.test("choices among forms that there are no more are left out of a new run, and said", async () => {
  const env = ownPlace();
  const here = env.INIT_CWD;
  await writePictures(join(here, "photos"), { train: 20, valid: 4, test: 6 }, { size: [16, 16] });
  const [[key, choice], ...others] = Object.entries(lastForms());
  const outdated = { [key]: { ...choice, among: "other forms" }, ...Object.fromEntries(others) };
  keepTuning(cacheOf(env), id, outdated, () => {});
  const { child } = start(search, env);
  const stderr = await signalAt("run      ", child, "SIGKILL");
  await child.stdout.cancel();
  await child.status;
  assert(stderr.includes("note     1 kernel has other forms"), stderr);
  const kept = readRunTuning(runTuningPath(onlyRun(join(here, "runs"))));
  assertEquals(kept?.choices, Object.fromEntries(others));
});

Deno.test("a tuning that is not there, and a search that trains no networks, are refused", async () => {
  const env = ownPlace();
  await writePictures(
    join(env.INIT_CWD, "photos"),
    { train: 20, valid: 4, test: 6 },
    { size: [16, 16] },
  );
  const missing = await denas([...search, "--tuning", "none.json"], env);
  assertEquals(missing.code, 2, missing.stderr);
  assert(missing.stderr.includes("Cannot use tuning none.json"), missing.stderr);
  const both = await denas([...search, "--tune", "--no-tuning"], env);
  assertEquals(both.code, 2, both.stderr);
});
