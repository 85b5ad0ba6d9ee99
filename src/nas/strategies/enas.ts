/**
 * ENAS: a controller learns by REINFORCE which architectures score well (Pham et al., ICML 2018, section 2.2
 * and appendix). Sampling and gradients are computed for a whole batch of samples at once.
 */
import * as z from "zod";
import { run } from "../../autodiff/run.ts";
import type { Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../common/errors.ts";
import type { Gpu } from "../../gpu/device.ts";
import { numel } from "../../gpu/tensor.ts";
import { type StepMeans, StepSums } from "../../nn/step_sums.ts";
import { WeightStore } from "../../nn/weights.ts";
import { addScaled, scale, weightedSum } from "../../ops/mod.ts";
import { Rng, Stream } from "../../common/random.ts";
import { type ControllerOptimizer, controllerOptimizer } from "../controller/optimizer.ts";
import {
  type ControllerConfig,
  type ControllerNetwork,
  ControllerPass,
  type Unrolled,
} from "../controller/network.ts";
import { controllerSettings } from "../controller/settings.ts";
import {
  defineStrategy,
  type Settings,
  type SpaceDefinition,
  type StrategyContext,
} from "../definition.ts";
import { decisionsOf } from "../decisions.ts";
import { mergeStates, partOf, requireFinite } from "../search/progress.ts";
import { uniformArchitecture } from "../sampling.ts";
import type { SearchSpace } from "../space.ts";
import type { Scored, State, Strategy, StrategyReport } from "../strategy.ts";

export interface EnasConfig {
  seed: number;
  controller: ControllerConfig;
  /** Declares the weights of the space's controller. */
  network(store: WeightStore): ControllerNetwork;
}

/** A sampled batch: choices per sample, and figures of the policy. */
interface Drawn {
  choices: number[][];
  entropies: number[];
  /** Mean probability per option, one row per decision in the order of the space's choice. */
  probabilities: number[][];
}

interface Saved {
  draws: number;
  trials: number;
  baseline: number | null;
}

export class EnasStrategy<A> implements Strategy<A> {
  readonly #store = new WeightStore();
  readonly #network: ControllerNetwork;
  readonly #optimizer: ControllerOptimizer;
  readonly #sums: StepSums;
  #saved: Saved = { draws: 0, trials: 0, baseline: null };
  #asked: Drawn = { choices: [], entropies: [], probabilities: [] };

  /** @throws UsageError for spaces without a controller. */
  constructor(
    private readonly gpu: Gpu,
    private readonly space: SearchSpace<A>,
    private readonly config: EnasConfig,
  ) {
    this.#network = config.network(this.#store);
    this.#store.materialise(gpu, config.seed);
    this.#optimizer = controllerOptimizer(gpu, this.#store.slabs, config.controller);
    this.#sums = new StepSums(gpu);
  }

  /** Trainable parameters of the controller. */
  get parameters(): number {
    return this.#store.parameters();
  }

  async draw(n: number): Promise<A[]> {
    return (await this.#draw(n)).choices.map((c) => this.space.decode(c));
  }

  async ask(n: number) {
    this.#asked = await this.#draw(n);
    return this.#asked.choices.map((c) => ({
      id: this.#saved.trials++,
      arch: this.space.decode(c),
    }));
  }

  /** One step on the mean over the samples of −log p · advantage, plus the skip penalty. */
  async tell(done: Scored<A>[]): Promise<StrategyReport> {
    const { controller } = this.config;
    const { choices, entropies, probabilities } = this.#asked;
    const advantages = done.map(({ score }, i) => {
      const reward = score.value + controller.entropyWeight * entropies[i];
      if (controller.baseline === "none") return reward;
      let b = this.#saved.baseline ?? (controller.baselineInit === "first" ? reward : 0);
      b -= (1 - controller.baselineDecay) * (b - reward);
      this.#saved.baseline = b;
      return reward - b;
    });
    const { loss, gradientNorm } = await this.#learn(choices, advantages);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    return {
      loss,
      gradientNorm,
      reward: mean(done.map((d) => d.score.value)),
      entropy: mean(entropies),
      baseline: this.#saved.baseline ?? 0,
      skipRate: skipRate(this.space, choices),
      probabilities,
      decisions: decisionsOf(this.space, choices[0]).map(({ id }) => id),
    };
  }

  async snapshot(): Promise<State> {
    const optimizer = await this.#optimizer.snapshot();
    const tensors = await this.#store.tensors();
    requireFinite(tensors, "a smaller rate of the controller (--set strategy.controller.lr=…)");
    return mergeStates({ policy: { json: this.#saved, tensors }, optimizer });
  }

  restore(state: State): Promise<void> {
    const policy = partOf(state, "policy");
    this.#saved = { ...policy.json as Saved };
    this.#store.load(policy.tensors);
    this.#optimizer.restore(partOf(state, "optimizer"));
    return Promise.resolve();
  }

  /** Loads the controller's weights (`controller.safetensors` of a search), and samples. */
  sampleFrom(tensors: State["tensors"], n: number): Promise<A[]> {
    this.#store.load(partOf({ json: {}, tensors }, "policy").tensors);
    return this.draw(n);
  }

  #pass(n: number, source: ControllerPass["source"]): ControllerPass {
    return new ControllerPass(this.gpu, n, this.#network.weights, this.config.controller, source);
  }

  /** Records sampling n architectures and a step on them (`Gpu.dryRun`). */
  dryRun(n: number): void {
    this.#record(n, 0);
    const arch = uniformArchitecture(this.space, new Rng(1, Stream.search));
    const choices = Array.from({ length: n }, () => this.space.encode(arch));
    const { loss, result } = this.#differentiate(choices, choices.map(() => 0));
    const squares = this.#optimizer.dryRun(result.touched);
    this.#sums.record({ loss: result.of(loss), squares, images: 1 });
  }

  #record(n: number, draw: number) {
    const pass = this.#pass(n, { kind: "sample", seed: this.config.seed, draw });
    const { decisions, logits, entropy } = this.#network.unroll(pass);
    const outputs = [...decisions, ...logits.map((l) => l.value), entropy];
    return { decisions, logits, outputs, result: run(this.gpu, pass.tape, { outputs }) };
  }

  async #draw(n: number): Promise<Drawn> {
    const { decisions, logits, outputs, result } = this.#record(n, this.#saved.draws++);
    const read = await this.gpu.read(outputs.map((v) => result.of(v)));
    const decided = Array.from(
      { length: n },
      (_, i) => decisions.flatMap((v, d) => row(read[d], v, n, i)),
    );
    const probabilities = logits.flatMap(({ value, kind }, l) =>
      meanProbabilities(read[decisions.length + l], n, numel(value.shape) / n, kind)
    );
    // Rows of probabilities are in the order of the decisions; sort them into the order of the choice.
    const places = this.#network.toChoice(probabilities.map((_, i) => i));
    return {
      choices: decided.map((d) => this.#network.toChoice(d)),
      entropies: [...read[read.length - 1]],
      probabilities: places.map((i) => probabilities[i]),
    };
  }

  async #learn(choices: number[][], advantages: number[]): Promise<StepMeans> {
    const { loss, result } = this.#differentiate(choices, advantages);
    const squares = this.#optimizer.step(result.touched);
    this.#sums.add({ loss: result.of(loss), squares, images: 1 });
    return await this.#sums.take();
  }

  #differentiate(choices: number[][], advantages: number[]) {
    const n = choices.length;
    const decided = choices.map((c) => this.#network.fromChoice(c));
    let at = 0;
    const next = (shape: readonly number[]) => {
      const width = shape[1] ?? 1;
      const values = Uint32Array.from(decided.flatMap((d) => d.slice(at, at + width)));
      at += width;
      return pass.tape.input(shape, { tensor: this.gpu.temporary(values, shape) });
    };
    const pass = this.#pass(n, { kind: "given", next });
    const unrolled = this.#network.unroll(pass);
    const loss = this.#loss(pass, unrolled, advantages);
    return { loss, result: run(this.gpu, pass.tape, { outputs: [loss], loss }) };
  }

  #loss(pass: ControllerPass, unrolled: Unrolled, advantages: number[]): Value {
    const { logProb, fullEntropy, squares, penalty } = unrolled;
    const constant = (values: number[]) =>
      pass.tape.input([values.length], { tensor: this.gpu.temporary(Float32Array.from(values)) });
    const mean = (value: Value) => weightedSum(value, constant(advantages.map(() => 1)));
    const { skipWeight, entropyBonus, logitDecay } = this.config.controller;
    let loss = scale(weightedSum(logProb, constant(advantages)), -1);
    if (penalty && skipWeight) loss = addScaled(loss, mean(penalty), skipWeight);
    if (entropyBonus) loss = addScaled(loss, mean(fullEntropy), -entropyBonus);
    if (logitDecay) loss = addScaled(loss, mean(squares), logitDecay);
    return loss;
  }
}

/** The unsigned integers of sample i. */
function row(data: Float32Array<ArrayBuffer>, v: Value, n: number, i: number): number[] {
  const width = numel(v.shape) / n;
  return [...new Uint32Array(data.buffer, data.byteOffset + i * width * 4, width)];
}

/** Mean probabilities over n samples, from shaped logits: one row, or one [no, yes] row per skip bit. */
function meanProbabilities(
  logits: Float32Array,
  n: number,
  width: number,
  kind: "categorical" | "skip",
): number[][] {
  if (kind === "skip") {
    return Array.from({ length: width }, (_, j) => {
      let yes = 0;
      for (let i = 0; i < n; i++) yes += 1 / (1 + Math.exp(-2 * logits[i * width + j])) / n;
      return [1 - yes, yes];
    });
  }
  const mean = new Array<number>(width).fill(0);
  for (let i = 0; i < n; i++) {
    const e = Array.from(logits.subarray(i * width, (i + 1) * width), Math.exp);
    const sum = e.reduce((a, b) => a + b, 0);
    e.forEach((v, k) => mean[k] += v / sum / n);
  }
  return [mean];
}

/** Share of skip decisions that were "yes"; undefined in spaces without any. */
function skipRate<A>(space: SearchSpace<A>, choices: number[][]): number | undefined {
  const skips: number[] = [];
  for (const choice of choices) {
    decisionsOf(space, choice).forEach(({ kind }, i) => {
      if (kind === "skip") skips.push(choice[i]);
    });
  }
  return skips.length ? skips.reduce((a, b) => a + b, 0) / skips.length : undefined;
}

export const enasDefinition = defineStrategy({
  name: "enas",
  summary: "a controller that learns by REINFORCE, on the device",
  settings: z.strictObject({ controller: controllerSettings }),
  needsDevice: true,
  defaults: ({ controller }) => controller ? { controller } : {},
  open: openEnas,
});

/** @throws UsageError in a space without a controller. */
export function openEnas(
  { controller }: { controller: ControllerConfig },
  { config, space, definition, gpu }: StrategyContext,
): EnasStrategy<unknown> {
  if (!gpu) throw new Error("Cannot open strategy enas: it needs a device");
  return new EnasStrategy(gpu, space, {
    seed: config.seed,
    controller,
    network: (store) => controllerOf(definition, store, controller, config.space),
  });
}

function controllerOf(
  { name, controller }: SpaceDefinition,
  store: WeightStore,
  config: ControllerConfig,
  { kind: _, ...settings }: Settings,
): ControllerNetwork {
  if (controller) return controller(store, config, settings);
  throw new UsageError(
    `Cannot use the ENAS controller in space ${name}: the space has none; try --strategy evolution`,
  );
}
