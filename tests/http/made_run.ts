/**
 * A run folder like that of a long search, written at once, for tests and benchmarks of pages. The figures
 * are made up but change like those of a search; the architectures are real.
 */
import { join } from "@std/path";
import { formatArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveSearchConfig, type SearchConfig } from "../../src/nas/config/config.ts";
import { allowed, walk } from "../../src/nas/decisions.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { openSpace } from "../../src/nas/registry.ts";
import type { SearchSpace } from "../../src/nas/space.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { Rng } from "../../src/common/random.ts";

export interface MadeRun {
  mode?: "micro" | "macro" | "grammar";
  epochs?: number;
  /** Number of trials in each epoch. */
  perEpoch?: number;
  stepsPerEpoch?: number;
  seed?: number;
  /** Ends after this number of epochs, interrupted. */
  stopAfter?: number;
  overrides?: Record<string, unknown>;
  /** Kernels of the model that chooses the trials. */
  kernels?: string[];
}

const classes = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** Config and events of such a search. */
export function madeSearch(options: MadeRun = {}): { config: SearchConfig; events: RunEvent[] } {
  const search = new MadeSearch(configOf(options), options);
  return { config: search.config, events: [...search.events()] };
}

/** Makes the run. @returns its name. */
export async function makeRun(runs: string, options: MadeRun = {}): Promise<string> {
  const config = configOf(options);
  const { space: { kind: mode }, epochs } = config;
  const folder = RunFolder.create({ runs, command: "search", mode, config });
  const search = new MadeSearch(config, options);
  for (const event of search.events()) folder.append(event);
  const { stopAfter = epochs } = options;
  const done = stopAfter === epochs;
  if (done) await folder.put("arch.json", search.arch());
  folder.update({
    status: done ? "done" : "interrupted",
    space: mode,
    data: config.data,
    epoch: stopAfter,
    epochs,
    step: stopAfter * search.stepsPerEpoch,
    steps: epochs * search.stepsPerEpoch,
    best: search.best,
  });
  folder.close();
  return folder.name;
}

function configOf(options: MadeRun): SearchConfig {
  const { mode = "micro", epochs = 30, perEpoch = 100, seed = 1, overrides = {} } = options;
  return resolveSearchConfig({
    mode,
    preset: "quick",
    overrides: { seed, epochs, rounds: 10, perRound: perEpoch / 10, ...overrides },
  });
}

class MadeSearch {
  best = { trial: 0, score: 0 };
  readonly stepsPerEpoch: number;
  readonly #rng: Rng;
  // deno-lint-ignore no-explicit-any -- any space
  readonly #space: SearchSpace<any>;
  #winner: number[] = [];

  constructor(readonly config: SearchConfig, private readonly options: MadeRun) {
    this.stepsPerEpoch = options.stepsPerEpoch ?? 140;
    this.#rng = new Rng(config.seed, 77);
    this.#space = openSpace(config.space);
  }

  *events(): Generator<RunEvent> {
    const { config, options } = this;
    const { epochs } = config;
    yield this.#start();
    for (let epoch = 0; epoch < (options.stopAfter ?? epochs); epoch++) yield* this.#epoch(epoch);
    if ((options.stopAfter ?? epochs) < epochs) return;
    const perEpoch = options.perEpoch ?? 100;
    const first = epochs * perEpoch;
    let winner = { trial: first, score: 0 };
    for (let i = 0; i < 20; i++) {
      const trial = this.#trial(first + i, epochs, 1, "selection");
      if (trial.score > winner.score) {
        winner = { trial: trial.trial, score: trial.score };
        this.#winner = trial.choice;
      }
      yield trial;
    }
    yield { type: "best", ...winner, epoch: epochs, choice: this.#winner };
    this.best = winner;
    yield {
      type: "done",
      seconds: epochs * 51,
      queries: first + 20,
      trainedImages: epochs * this.stepsPerEpoch * config.batch,
      peakBytes: 107 * 2 ** 20,
      choice: this.#winner,
      score: winner.score,
    };
  }

  arch(): string {
    const { kind: space, ...settings } = this.config.space;
    return formatArchFile({
      format: "denas-arch",
      version: 2,
      space,
      input: [28, 28, 1],
      classes,
      choice: this.#winner,
      settings,
      score: this.best.score,
      scoreKind: "shared-weights",
    });
  }

  #start(): RunEvent {
    const { config } = this;
    return {
      type: "start",
      command: "search",
      space: config.space.kind,
      strategy: config.strategy.kind,
      evaluator: "shared",
      adapter: { description: "llvmpipe (LLVM 15.0.6, 256 bits)", driver: "Mesa", fallback: true },
      data: {
        name: config.data,
        train: 13440,
        valid: 2000,
        test: 10000,
        classes,
        image: [28, 28, 1],
      },
      epochs: config.epochs,
      stepsPerEpoch: this.stepsPerEpoch,
      parameters: 1034484,
      config,
    };
  }

  *#epoch(epoch: number): Generator<RunEvent> {
    const { config, options, stepsPerEpoch } = this;
    const { epochs } = config;
    const perEpoch = options.perEpoch ?? 100;
    const noise = () => this.#rng.normal();
    for (let s = 10; s <= stepsPerEpoch; s += 10) {
      const step = epoch * stepsPerEpoch + s;
      const at = step / (epochs * stepsPerEpoch);
      yield {
        type: "step",
        epoch,
        step,
        steps: epochs * stepsPerEpoch,
        loss: 0.55 + 1.7 * Math.exp(-5 * at) + 0.05 * noise(),
        trainAccuracy: 0.8 - 0.6 * Math.exp(-5 * at) + 0.02 * noise(),
        learningRate: 0.001 + 0.05 * (1 + Math.cos(Math.PI * (3.99 * at % 1))),
        imagesPerSecond: 412 + 9 * noise(),
        secondsLeft: (1 - at) * epochs * 51,
      };
    }
    const skill = 1 - Math.exp(-4 * (epoch + 1) / epochs);
    let sum = 0;
    for (let i = 0; i < perEpoch; i++) {
      const trial = this.#trial(epoch * perEpoch + i, epoch, skill, "reward");
      sum += trial.score;
      yield trial;
      if (trial.score <= this.best.score) continue;
      this.best = { trial: trial.trial, score: trial.score };
      yield { type: "best", ...this.best, epoch, choice: trial.choice };
    }
    yield {
      type: "controller",
      epoch,
      entropy: 46 - 14 * skill,
      baseline: sum / perEpoch - 0.01,
      reward: sum / perEpoch,
      loss: 0.1 * noise(),
      probabilities: this.#probabilities(skill),
    };
    yield {
      type: "epoch",
      epoch: epoch + 1,
      epochs,
      loss: 1.2,
      trainAccuracy: 0.7 * skill,
      validAccuracy: sum / perEpoch,
      learningRate: 0.01,
      seconds: 51,
    };
  }

  #trial(trial: number, epoch: number, skill: number, on: "reward" | "selection") {
    let decided = 0;
    const choice = walk(this.#space, (decision) => {
      const { options, mask } = decision;
      const at = decided++;
      const wanted = this.#rng.next() < 0.7 * skill
        ? favourite(at, options)
        : this.#rng.below(options);
      return mask?.[wanted] === false ? this.#rng.pick(allowed(decision)) : wanted;
    });
    const spread = on === "reward" ? 0.05 : 0.015;
    const score = Math.min(0.95, Math.max(0.08, 0.2 + 0.42 * skill + spread * this.#rng.normal()));
    const key = this.#space.key(this.#space.decode(choice));
    return {
      type: "trial" as const,
      trial,
      epoch,
      choice,
      key,
      score: Math.round(score * 1e4) / 1e4,
      on,
      ...this.options.kernels && { model: madeModel(this.options.kernels, trial) },
    };
  }

  #probabilities(skill: number): number[][] {
    const rows: number[][] = [];
    walk(this.#space, ({ options }) => {
      const best = favourite(rows.length, options);
      const strength = skill * (0.35 + 0.6 * ((rows.length * 37 % 11) / 11));
      const row = Array.from(
        { length: options },
        (_, o) => (1 - strength) / options + (o === best ? strength : 0),
      );
      rows.push(row);
      return 0;
    });
    return rows;
  }
}

/** Option that the made-up policy prefers. */
const favourite = (decision: number, options: number): number => (decision * 7 + 3) % options;

/** A model whose weights move between its kernels from trial to trial. */
function madeModel(kernels: string[], trial: number) {
  const parts = kernels.map((_, k) => 1.2 + Math.sin(trial / 3 + k));
  const sum = parts.reduce((a, b) => a + b);
  return {
    kernels,
    settings: kernels.map(() => "h = 2"),
    weights: parts.map((part) => part / sum),
    noise: 1e-3,
    likelihood: -1,
  };
}

/** `deno run -A tests/http/made_run.ts FOLDER` makes runs in a folder, to try the page with. */
if (import.meta.main) {
  const runs = Deno.args[0];
  await makeRun(runs, { epochs: 150, perEpoch: 330, stepsPerEpoch: 100 });
  await makeRun(runs, { mode: "macro", seed: 2, epochs: 40, overrides: { "space.layers": 12 } });
  await makeRun(runs, { seed: 3, stopAfter: 12 });
  console.log(join(runs));
}
