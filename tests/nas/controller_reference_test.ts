/**
 * The controllers against the specification written down a second time, in float64 and one sample at a time:
 * order of steps, gates, anchors, shaping, biases, entropy and skip penalty.
 */
import assert from "node:assert/strict";
import { run } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { macroController } from "../../src/nas/controller/macro.ts";
import { microController } from "../../src/nas/controller/micro.ts";
import { type ControllerConfig, ControllerPass } from "../../src/nas/controller/network.ts";
import { openStrategy } from "../../src/nas/search/parts.ts";
import { openSpace } from "../../src/nas/registry.ts";
import type { EnasStrategy } from "../../src/nas/strategies/enas.ts";
import { type NamedTensors, WeightStore } from "../../src/nn/weights.ts";

const gpu = await Gpu.open();
const SAMPLES = 4;

/** Weights as rows of numbers, and the state of an LSTM that goes from step to step. */
class Reference {
  logProb = 0;
  entropy = 0;
  penalties: number[] = [];
  #h: number[];
  #c: number[];
  readonly start: number[];

  constructor(
    private readonly w: NamedTensors,
    readonly s: ControllerConfig,
    readonly decided: number[],
  ) {
    this.#h = new Array(s.hidden).fill(0);
    this.#c = [...this.#h];
    this.start = [...w.g_emb.data];
  }

  times(x: readonly number[], name: string): number[] {
    const { shape: [, columns], data } = this.w[name];
    return Array.from(
      { length: columns },
      (_, j) => x.reduce((sum, v, i) => sum + v * data[i * columns + j], 0),
    );
  }

  step(x: readonly number[]): number[] {
    const { hidden } = this.s;
    const z = this.times([...x, ...this.#h], "lstm0");
    const sigma = (v: number) => 1 / (1 + Math.exp(-v));
    this.#c = this.#c.map((c, k) =>
      sigma(z[k]) * Math.tanh(z[3 * hidden + k]) + sigma(z[hidden + k]) * c
    );
    this.#h = this.#c.map((c, k) => sigma(z[2 * hidden + k]) * Math.tanh(c));
    return this.#h;
  }

  embed(op: number): number[] {
    const { hidden } = this.s;
    return [...this.w.w_emb.data.slice(op * hidden, (op + 1) * hidden)];
  }

  scores(h: readonly number[], keys: readonly number[][]): number[] {
    const query = this.times(h, "w_attn_2");
    const v = this.w.v_attn.data;
    return keys.map((key) => key.reduce((sum, k, i) => sum + Math.tanh(k + query[i]) * v[i], 0));
  }

  shape(logits: readonly number[], reduce = 1): number[] {
    const { temperature, tanhConstant } = this.s;
    return logits.map((l) => tanhConstant / reduce * Math.tanh(l / (temperature || 1)));
  }

  /** The next decision as it was given; counts its probability and entropy. */
  decide(logits: readonly number[], only: "sampled" | "all"): number {
    const sum = logits.reduce((a, l) => a + Math.exp(l), 0);
    const p = logits.map((l) => Math.exp(l) / sum);
    const chosen = this.decided.shift()!;
    this.logProb += Math.log(p[chosen]);
    const counted = only === "sampled" ? [p[chosen]] : p;
    this.entropy -= counted.reduce((a, q) => a + q * Math.log(q), 0);
    return chosen;
  }
}

function macro(r: Reference, layers: number): void {
  const anchors: number[][] = [], keys: number[][] = [];
  let input = r.start;
  for (let layer = 0; layer < layers; layer++) {
    const op = r.decide(r.shape(r.times(r.step(input), "w_soft")), "sampled");
    const h = r.step(r.embed(op));
    input = r.start;
    if (layer > 0) {
      const q = r.shape(r.scores(h, keys));
      const bits = q.map((v) => r.decide([-v, v], "sampled"));
      const { skipTarget } = r.s;
      const divergence = (logit: number, target: number) => {
        const p = 1 / (1 + Math.exp(-logit));
        return p * Math.log(p / target);
      };
      r.penalties.push(
        q.reduce((a, v) => a + divergence(-v, 1 - skipTarget) + divergence(v, skipTarget), 0),
      );
      const connected = 1 + bits.reduce((a, b) => a + b, 0);
      input = h.map((_, k) => bits.reduce((a, b, j) => a + b * anchors[j][k], 0) / connected);
    }
    anchors.push(h);
    keys.push(r.times(h, "w_attn_1"));
  }
}

function micro(r: Reference, blocks: number): void {
  const softBias = [r.s.softBias, r.s.softBias, 0, 0, 0];
  for (const bias of [[0.25, 0.25, -0.25, -0.25, -0.25], [0, 0, 0, 0, 0]]) {
    const anchors = [0, 1].map(() => new Array<number>(r.s.hidden).fill(0));
    const keys = [0, 1].map(() => r.times(r.step(r.start), "w_attn_1"));
    for (let block = 0; block < blocks; block++) {
      let input = r.start;
      for (let side = 0; side < 2; side++) {
        input = anchors[r.decide(r.shape(r.scores(r.step(input), keys)), "all")];
      }
      for (let side = 0; side < 2; side++) {
        const logits = r.times(r.step(input), "w_soft").map((l, i) => l + softBias[i]);
        const shaped = r.shape(logits, r.s.opTanhReduce).map((l, i) => l + bias[i]);
        input = r.embed(r.decide(shaped, "all"));
      }
      const h = r.step(input);
      anchors.push(h);
      keys.push(r.times(h, "w_attn_1"));
    }
  }
}

for (const mode of ["micro", "macro"]) {
  Deno.test(`${mode}: probability, entropy and penalty of a draw are those of the specification`, async () => {
    const { strategy: { controller } } = resolveSearchConfig({
      mode,
      preset: "paper",
      overrides: { "strategy.controller.temperature": 0.7, "strategy.controller.softBias": 0.8 },
    });
    const store = new WeightStore();
    const shape = { layers: 5, branches: 6, blocks: 3 };
    const network = mode === "micro"
      ? microController(store, controller, shape)
      : macroController(store, controller, shape);
    store.materialise(gpu, 5);
    // Larger weights than those of the start, so that every term matters.
    const weights = await store.tensors();
    for (const [name, tensor] of Object.entries(weights)) {
      if (name !== "b_soft" && name !== "normal_bias") tensor.data = tensor.data.map((v) => 8 * v);
    }
    store.load(weights);
    const source = { kind: "sample", seed: 3, draw: 0 } as const;
    const pass = new ControllerPass(gpu, SAMPLES, network.weights, controller, source);
    const { decisions, logProb, entropy, penalty } = network.unroll(pass);
    const figures = penalty ? [logProb, entropy, penalty] : [logProb, entropy];
    const result = run(gpu, pass.tape, { outputs: [...decisions, ...figures] });
    const got = await gpu.read(figures.map((v) => result.of(v)));
    const decided = await gpu.readU32(decisions.map((v) => result.of(v)));
    for (let i = 0; i < SAMPLES; i++) {
      const own = decided.flatMap((
        d,
      ) => [...d.slice(i * d.length / SAMPLES, (i + 1) * d.length / SAMPLES)]);
      const r = new Reference(weights, controller, own);
      if (mode === "micro") micro(r, shape.blocks);
      else macro(r, shape.layers);
      assert.equal(r.decided.length, 0, "every decision was taken");
      const mean = r.penalties.reduce((a, b) => a + b, 0) / (r.penalties.length || 1);
      [r.logProb, r.entropy, mean].slice(0, got.length).forEach((wanted, f) => {
        assert.ok(
          Math.abs(got[f][i] - wanted) < 1e-4 * Math.max(1, Math.abs(wanted)),
          `figure ${f} of sample ${i}: ${got[f][i]}, expected ${wanted}`,
        );
      });
    }
  });
}

Deno.test("the baseline moves by a hundredth towards each reward in turn, from zero", async () => {
  const config = resolveSearchConfig({
    mode: "macro",
    preset: "paper",
    overrides: { "strategy.controller.entropyWeight": 0, "space.layers": 3 },
  });
  const space = openSpace(config.space);
  const strategy = await openStrategy(config, space, { gpu }) as EnasStrategy<unknown>;
  let baseline = 0;
  for (const rewards of [[0.5, 0.1], [0.9, 0.3]]) {
    const trials = await strategy.ask(2);
    const report = await strategy.tell(
      trials.map((t, i) => ({ ...t, score: { value: rewards[i] } })),
    );
    for (const r of rewards) baseline = 0.99 * baseline + 0.01 * r;
    assert.ok(Math.abs(report.baseline! - baseline) < 1e-12);
  }
});
