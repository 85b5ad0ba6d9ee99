/** Runs of the first format of settings: they can be looked at, compared and exported, and not resumed. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Gpu } from "../../src/gpu/mod.ts";
import { parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { Classifier } from "../../src/nas/train/classifier.ts";
import { parseRetrainConfig, parseSearchConfig } from "../../src/nas/config/config.ts";
import { recorded } from "../../src/nas/config/final_config.ts";
import { buildNetwork, parseNetworkFile } from "../../src/nas/train/network.ts";
import { upgradedConfig } from "../../src/nas/config/old_formats.ts";
import { compareRuns } from "../../src/run/compare.ts";
import { readController } from "../../src/run/controller_file.ts";
import { plotRun } from "../../src/run/drawing/run_plot.ts";
import { extract } from "../../src/run/extract.ts";
import { spaceOf } from "../../src/run/history.ts";
import { readNetwork } from "../../src/run/network.ts";
import { exportOnnx } from "../../src/run/onnx/export.ts";
import { readHistory } from "../../src/run/read_history.ts";
import { readRun, readSearch } from "../../src/run/read_run.ts";
import { encodeSafetensors } from "../../src/run/safetensors.ts";
import { denas } from "../cli/command.ts";
import { madeSearch } from "./made_search.ts";

/** Settings of all spaces, as they stood beside each other. */
const child = {
  ...{ form: "search", layers: 3, filters: 4, rangeFilters: 0, branches: 5, blocks: 2, stem: 2 },
  ...{ keep: 0.75, dropPathKeep: 1, auxHead: false },
  ...{ legacyFixed: false, legacyReduce: false, legacyInit: false },
  ...{ bnEpsilon: 0.00001, bnDecay: 0.95, opBnEpsilon: 0.002, bnDebias: true },
  ...{ rewardStatistics: "batch", rewardDropout: true },
};

const common = {
  ...{ version: 1, preset: "smoke", data: "fashion-mnist", trainImages: 1024, validImages: 256 },
  ...{ image: 0, normalise: true, seed: 1, initFrom: "", epochs: 4, batch: 32 },
  optimizer: {
    ...{ schedule: "cosine", lrMax: 0.1, lrMin: 0.001, t0: 10, tMul: 2, restartTransient: false },
    ...{ lrDecay: 0.1, lrDecayEvery: 100, momentum: 0.9, nesterov: true, l2: 0.0001 },
    ...{ l2Half: false, decayAll: false, freezeAux: false, clip: "none", clipNorm: 5 },
  },
  auxWeight: 0.4,
  augment: {
    ...{ pad: 0, flip: false, rotate: 0, cutout: 0, cutoutLegacy: false, inEvaluation: false },
  },
  ...{ evalBatch: 32, logEvery: 10, adapter: "default" },
};

const controller = {
  ...{ hidden: 64, lstmLayers: 1, optimizer: "adam", lr: 0.005, temperature: 0, tanhConstant: 1.5 },
  ...{ opTanhReduce: 2.5, entropyWeight: 0.0001, entropyBonus: 0, logitDecay: 0 },
  ...{ baseline: "moving", baselineDecay: 0.9, baselineInit: "first", skipTarget: 0.4 },
  ...{ skipWeight: 0.8, skipPenaltyCorrected: false, softBias: 0, l2: 0, momentum: 0.9 },
  ...{ beta1: 0.9, epsilon: 1e-8 },
};

const oldSearch = {
  ...common,
  ...{ child, mode: "macro", strategy: "evolution" },
  evaluator: {
    ...{ kind: "shared", table: "", dataset: "", objective: "", report: "", runs: "mean" },
    epochs: 1,
  },
  encoding: { sample: "", perturb: "adj", predictor: "", strict: false },
  ...{ passes: 1, controller, rounds: 2, perRound: 4, roundsEvery: 1 },
  ...{ rewardBatch: 24, rewardBatches: 1, ownBatches: false, earlyStopOver: 1 },
  ...{ policyEvaluation: false, select: "best", selection: { drawn: 4, best: 2, images: 128 } },
  evolution: { population: 7, tournament: 2, initial: 0, drop: "oldest", strict: false },
  objectives: [],
  nsga2: { population: 20, crossover: 0.9 },
  halving: { eta: 4, initial: 0 },
  localSearch: { initial: 3, order: "fixed", whole: false, atMinimum: "restart" },
  guided: { initial: 6, batch: 0, acquisition: "ei", predictor: "", candidates: "" },
  ...{ maxParams: 0, maxMacs: 0 },
};

const final = { ...child, form: "final", stem: 1 };
const oldRetrain = { ...common, child: final, space: "macro", allTraining: false, evalEvery: 1 };

const choice = [0, 1, 1, 4, 0, 1];
const oldArch = {
  ...{ format: "denas-arch", version: 1, space: "macro", input: [9, 9, 1], classes: ["a", "b"] },
  ...{ choice, stem: 2, layers: 3, filters: 4, branches: 5, blocks: 2, data: "fashion-mnist" },
};
const oldNetwork = {
  ...{ format: "denas-network", version: 1, space: "macro", choice, child: final },
  ...{ input: [9, 9, 1], classes: ["a", "b"], task: "single-label" },
  ...{ mean: [0.4], deviation: [0.2], data: "shapes" },
};

/** A run's folder with these files; its events are those of a made-up search. */
function oldRun(
  command: "search" | "retrain",
  config: object,
  { status = "done", files = {} }: { status?: string; files?: Record<string, object> } = {},
): string {
  const path = Deno.makeTempDirSync({ prefix: "denas-" });
  const events = madeSearch().map((event, seq) => ({
    ...{ seq, time: "2026-01-31T00:00:00Z" },
    ...event.type === "start" ? { ...event, config } : event,
  }));
  const state = {
    ...{ status, command, pid: 1, deno: "2.9.6", started: "", updated: "", step: 1, epoch: 1 },
    testAccuracy: 0.5,
  };
  const all = { ...files, "config.json": config, "state.json": state };
  for (const [name, value] of Object.entries(all)) {
    Deno.writeTextFileSync(join(path, name), JSON.stringify(value));
  }
  const lines = events.map((event) => JSON.stringify(event) + "\n").join("");
  Deno.writeTextFileSync(join(path, "events.ndjson"), lines);
  return path;
}

Deno.test("a search of the first format reads with its space, strategy and evaluator", () => {
  const { config } = readSearch(oldRun("search", oldSearch));
  assertEquals(config.space, {
    ...{ kind: "macro", layers: 3, filters: 4, branches: 5, stem: 2, keep: 0.75 },
    ...{ legacyInit: false, legacyFixed: false },
    ...{ bnEpsilon: 0.00001, bnDecay: 0.95, opBnEpsilon: 0.002, bnDebias: true },
  });
  assertEquals(config.strategy, {
    ...{ kind: "evolution", population: 7, tournament: 2, initial: 0, drop: "oldest" },
    ...{ strict: false, encoding: oldSearch.encoding },
    // Settings that came later, with the values that the first format had.
    ...{ replacement: true, distinct: false },
  });
  assertEquals(config.evaluator, {
    ...{ kind: "shared", passes: 1, rewardBatch: 24, rewardBatches: 1, ownBatches: false },
    ...{ policyEvaluation: false, rewardStatistics: "batch", rewardDropout: true },
  });
});

Deno.test("every strategy of the first format reads its own settings", () => {
  const settings = (strategy: string) =>
    parseSearchConfig(upgradedConfig({ ...oldSearch, strategy })).strategy;
  assertEquals(settings("enas"), { kind: "enas", controller });
  assertEquals(settings("enas-nnabla"), { kind: "enas-nnabla", controller });
  assertEquals(settings("random"), { kind: "random", encoding: oldSearch.encoding });
  assertEquals([settings("hyperband").eta, settings("successive-halving").eta], [4, 4]);
  const { initial, order } = settings("local-search");
  assertEquals([initial, order], [3, "fixed"]);
  assertEquals([settings("nsga2").population, settings("nsga2").crossover], [20, 0.9]);
  const guided = settings("bananas");
  assertEquals([guided.initial, guided.batch, guided.acquisition], [6, 0, "ei"]);
  const trained = upgradedConfig({
    ...oldSearch,
    evaluator: { ...oldSearch.evaluator, kind: "train", epochs: 3 },
  });
  const { kind, epochs, inherit, filterScore, fitness } = parseSearchConfig(trained).evaluator;
  assertEquals({ kind, epochs }, { kind: "train", epochs: 3 });
  assertEquals({ inherit, filterScore, fitness }, {
    ...{ inherit: "none", filterScore: "", fitness: "validation" },
  });
});

Deno.test("the curves and the architectures of a search of the first format are drawn and ranked", () => {
  const path = oldRun("search", { ...oldSearch, child: { ...child, branches: 6 } });
  const history = readHistory(path);
  assert(spaceOf(history).summary.startsWith("3 layers, each one of 6 operations"));
  assert(plotRun(history, "old").includes(">Skip connections taken</text>"));
  assertEquals(extract(path).architectures.map(({ score }) => score), [0.7, 0.6]);
});

Deno.test("searches of the first format that differ in a setting are not one group", () => {
  const population = (n: number) => ({ ...oldSearch.evolution, population: n });
  const runs = [
    oldSearch,
    { ...oldSearch, seed: 2 },
    { ...oldSearch, evolution: population(9) },
    { ...oldSearch, child: { ...child, rewardDropout: false } },
  ].map((config) => readRun(oldRun("search", config)));
  assertEquals(compareRuns(runs).groups.map(({ label, seeds }) => [label, seeds]), [
    ["evolution strategy.population=7 evaluator.rewardDropout=true", [1, 2]],
    ["evolution strategy.population=9 evaluator.rewardDropout=true", [1]],
    ["evolution strategy.population=7 evaluator.rewardDropout=false", [1]],
  ]);
});

Deno.test("a network of the first format answers, and exports, as it was trained", async () => {
  const gpu = await Gpu.open();
  const { space, form } = parseNetworkFile(JSON.stringify(oldNetwork), "network.json");
  assertEquals([form, space.kind, space.stem, space.bnDecay], ["final", "macro", 1, 0.95]);
  const { weights } = buildNetwork(parseNetworkFile(JSON.stringify(oldNetwork), "network.json"));
  weights.materialise(gpu, 1);
  const files = { "arch.json": oldArch, "network.json": oldNetwork };
  const path = oldRun("retrain", oldRetrain, { files });
  const tensors = await weights.tensors();
  Deno.writeFileSync(join(path, "weights.safetensors"), encodeSafetensors(tensors, {}));

  const run = readRun(path);
  assertEquals([run.config.space?.kind, run.arch?.settings.layers], ["macro", 3]);
  assertEquals(parseRetrainConfig(run.config).space, space);
  const { network, tensors: read } = readNetwork(path);
  const pixels = Uint8Array.from({ length: 81 }, (_, i) => 3 * i);
  const [a, b] = await new Classifier(gpu, network, read).probabilities(pixels, 1);
  assert(Math.abs(a + b - 1) < 1e-6, `${a} and ${b}`);
  assert(exportOnnx(path).length > 1000);
  gpu.close();
});

Deno.test("an architecture of the first format is retrained with what it recorded, and with nothing else", () => {
  const arch = parseArchFile(JSON.stringify(oldArch), "arch.json");
  const macro = { "space.stem": 2, "space.layers": 3, "space.branches": 5 };
  assertEquals(recorded(arch), { data: "fashion-mnist", ...macro });
  assertEquals(recorded(arch, "search"), { data: "fashion-mnist", ...macro, "space.filters": 4 });
  const { branches: _, ...bare } = oldArch;
  // The preset decides how many operations there are.
  assertEquals(
    Object.keys(recorded(parseArchFile(JSON.stringify(bare), "arch.json"))).sort(),
    ["data", "space.layers", "space.stem"],
  );
});

Deno.test("a run of the first format is not resumed, and says what to do", async () => {
  const path = oldRun("search", oldSearch, { status: "interrupted" });
  const left = encodeSafetensors({}, { format: "denas-checkpoint-1" });
  Deno.mkdirSync(join(path, "checkpoint"));
  Deno.writeFileSync(join(path, "checkpoint", "checkpoint.safetensors"), left);
  const { code, stderr } = await denas(["resume", path]);
  assertEquals(code, 2, stderr);
  const advice = "version 1, expected 2; finish it with the denas that began it, or begin anew\n";
  assert(stderr.startsWith("denas: Cannot go on with run ") && stderr.endsWith(advice), stderr);
});

Deno.test("a controller of the first format tells its search, also where it stands alone", () => {
  const { choice: _, ...fields } = oldArch;
  const header = { config: JSON.stringify(oldSearch), arch: JSON.stringify(fields) };
  const path = join(Deno.makeTempDirSync({ prefix: "denas-" }), "controller.safetensors");
  Deno.writeFileSync(path, encodeSafetensors({}, header));
  const told = readController(path);
  assertEquals(parseSearchConfig(told.config).space.branches, 5);
  assertEquals(told.fields?.settings, { stem: 2, layers: 3, filters: 4, branches: 5, blocks: 2 });
});
