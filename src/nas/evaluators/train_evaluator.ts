/**
 * Evaluation by training: each architecture is trained briefly, from scratch or from inherited weights, and
 * scored on the validation images. All networks see the same images in the same order and start from the same
 * seed.
 */
import type { Shape } from "../../autodiff/op.ts";
import { DataError } from "../../common/errors.ts";
import type { Batches } from "../../data/batches.ts";
import type { Dispatch } from "../../gpu/programs.ts";
import { type HostTensor, inherit, type WeightSource } from "../../nn/inherit.ts";
import { type NamedTensors, WeightStore } from "../../nn/weights.ts";
import { sameShape } from "../../ops/shapes.ts";
import type { Evaluator, Result, ScoredOn, TrialCheckpoints } from "../evaluator.ts";
import { built, evaluateEach, reasonOf, TrialError } from "../results.ts";
import { someArchitectures } from "../sampling.ts";
import { slotOf, type WeightFiles, weightsOf } from "../search/inheritance.ts";
import { DivergedError } from "../search/progress.ts";
import type { Model, Pass, SearchSpace } from "../space.ts";
import type { Score, State, Trial } from "../strategy.ts";
import { learningRate, Scorer, Trainer } from "../train/training.ts";
import { refusedBy } from "../zero_cost/filter.ts";
import type { UntrainedScorer } from "../zero_cost/scorer.ts";
import type { ImageParts } from "./images.ts";

interface Saved {
  /** Scores and reasons of failures by key: no architecture is trained twice. */
  scores: Record<string, Score>;
  failures: Record<string, string>;
  /** Keys of architectures that passed the filter: longer trainings of them are not filtered again. */
  passed: string[];
  step: number;
  trainedImages: number;
}

interface TrainParts<A> extends ImageParts<A> {
  /** Epochs of training without donors. */
  epochs: number;
  /** Images that networks are scored on. */
  scored: Batches;
  /** Step after which a training ends whose validation error is above `error`; that one counts. */
  giveUp?: { step: number; error: number };
  /** Keeps the weights of trials for others to inherit; null where none are inherited. */
  files: WeightFiles | null;
  /** Keeps the state of a training, for the next process that gets the trial. */
  checkpoints?: TrialCheckpoints;
  /** Scores untrained networks; the best share `top` of each round is trained. */
  filter?: { scorer: UntrainedScorer<A>; name: string; top: number };
}

/** A network with its own weights. */
interface Network {
  model: Model;
  weights: WeightStore;
  trainer: Trainer;
}

export class TrainEvaluator<A> implements Evaluator<A> {
  readonly remembers = true;
  readonly oneByOne = true;
  /**
   * Training lengths, each three times the one before, up to the full training; none with inheritance, where
   * the donors decide.
   */
  readonly fidelities: readonly number[] | undefined;
  readonly #scorer: Scorer;
  #saved: Saved = { scores: {}, failures: {}, passed: [], step: 0, trainedImages: 0 };

  /** A filter ranks the trials of a round together; inherited weights lie in this run's store. */
  get ordered(): boolean {
    return this.parts.filter !== undefined || this.parts.files !== null;
  }

  constructor(private readonly parts: TrainParts<A>) {
    this.#scorer = new Scorer(parts.gpu);
    const { epochs, files } = parts;
    this.fidelities = files
      ? undefined
      : [27, 9, 3, 1].filter((part) => epochs % part === 0).map((part) => epochs / part);
  }

  get #epochs(): number {
    return this.parts.epochs;
  }

  figures(): { step: number; trainedImages: number; peakBytes: number } {
    const { step, trainedImages } = this.#saved;
    return { step, trainedImages, peakBytes: this.parts.gpu.counters.bufferBytes };
  }

  /** Dispatches of training and scoring some networks: nearly all kernels of the search. */
  dryRun(): Dispatch[] {
    const { gpu, space, train, scored, config } = this.parts;
    const { evalBatch, epochs, rounds, perRound } = config;
    const found: Dispatch[] = this.parts.filter?.scorer.dryRun() ?? [];
    for (const arch of someArchitectures(space, epochs * rounds * perRound)) {
      const record = ({ model, trainer }: Network) => {
        trainer.record(model, train.next(0), this.#pass(0, 1, true), 0);
        const [batch] = scored.sequential(evalBatch, evalBatch);
        this.#scorer.record(model, batch, this.#pass(0, 1, false));
      };
      using _arena = gpu.arena();
      try {
        const network = this.#build(arch);
        found.push(...gpu.dryRun(() => record(network)));
      } catch (error) {
        // Rethrows other errors; a network that cannot be built fails as a trial later, with its reason.
        reasonOf(error);
      }
    }
    return found;
  }

  /** Trains and scores each trial. One that diverges, or whose network cannot be built, has failed. */
  async *evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
    signal: AbortSignal,
  ): AsyncGenerator<Result> {
    const refused = on === "reward" ? await this.#refused(trials, signal) : new Map();
    yield* refused.values();
    const passed = trials.filter(({ id }) => !refused.has(id));
    yield* evaluateEach(passed, (trial) => this.#score(trial, signal));
    // Noted at the end: a round that is resumed in its middle is filtered again as a whole.
    if (this.parts.filter) {
      const keys = passed.map(({ arch }) => this.parts.space.key(arch));
      this.#saved.passed = [...new Set([...this.#saved.passed, ...keys])];
    }
  }

  /** Results of the trials that the filter keeps from being trained, by id. */
  async #refused(trials: readonly Trial<A>[], signal: AbortSignal): Promise<Map<number, Result>> {
    const { filter, space } = this.parts;
    if (!filter) return new Map();
    const passed = new Set(this.#saved.passed);
    const fresh = trials.filter(({ arch }) => !passed.has(space.key(arch)));
    const scored = [];
    for await (
      const result of evaluateEach(fresh, async ({ arch, seed }) => {
        signal.throwIfAborted();
        return { value: await filter.scorer.score(arch, seed) };
      })
    ) scored.push(result);
    return new Map(refusedBy(scored, filter).map((result) => [result.trial, result]));
  }

  async #score(trial: Trial<A>, signal: AbortSignal): Promise<Score> {
    const { arch, inherit, epochs = this.#epochs, seed } = trial;
    // Epochs that follow from the donors are the trial's own: its architecture is not scored again.
    const brief = inherit === undefined && epochs < this.#epochs ? ` @ ${epochs}` : "";
    const key = `${this.parts.space.key(arch)}${brief}${seed === undefined ? "" : ` seed ${seed}`}`;
    const { scores, failures } = this.#saved;
    if (key in failures) throw new TrialError(failures[key]);
    try {
      return scores[key] ??= await this.#train({ ...trial, epochs }, signal);
    } catch (error) {
      throw new TrialError(failures[key] = reasonOf(error), { cause: error });
    }
  }

  async #train(
    { id, arch, epochs, seed, inherit: slots }: Trial<A> & { epochs: number },
    signal: AbortSignal,
  ): Promise<Score> {
    const { train, config, space, files, giveUp, checkpoints } = this.parts;
    const steps = train.stepsPerEpoch * epochs;
    using _arena = this.parts.gpu.arena();
    const { model, weights, trainer } = this.#build(arch, seed);
    const saved = await checkpoints?.load();
    const first = saved?.step ?? 0;
    if (saved) {
      trainer.restore(saved.state);
      this.#saved.step += first;
      this.#saved.trainedImages += imagesOf(train, first, config.batch);
    } else if (files && slots?.length) inherit(weights, await donorSource(space, slots, files));
    for (let step = first; step < steps; step++) {
      signal.throwIfAborted();
      const epoch = Math.floor(step / train.stepsPerEpoch);
      if (step === first || step % train.stepsPerEpoch === 0) train.startEpoch(epoch);
      const lr = learningRate(config.optimizer, epoch, step / steps);
      const batch = train.next(step);
      await trainer.step(model, batch, this.#pass(step, steps, true, seed), lr);
      this.#saved.trainedImages += batch.n;
      this.#saved.step++;
      if (trainer.full || step === steps - 1) await trainer.tally();
      if (step + 1 === giveUp?.step) {
        const early = await this.#measure(model, this.#pass(step + 1, steps, false, seed), signal);
        if (1 - early.value > giveUp.error) return early;
      }
      if (checkpoints?.isDue()) await saveTo(checkpoints, step + 1, trainer);
    }
    const score = await this.#measure(model, this.#pass(steps, steps, false, seed), signal);
    if (files && slots) await files.save(weightsOf(id), await weights.tensors());
    return score;
  }

  async #measure(model: Model, pass: Pass, signal: AbortSignal): Promise<Score> {
    const { scored, config } = this.parts;
    const batches = scored.sequential(config.selection.images || scored.n, config.evalBatch);
    const [{ accuracy, loss }] = await this.#scorer.score([model], batches, pass, signal);
    return { value: accuracy, loss };
  }

  snapshot(): Promise<State> {
    return Promise.resolve({ json: structuredClone(this.#saved), tensors: {} });
  }

  restore({ json }: State): Promise<void> {
    this.#saved = { ...structuredClone(json as Saved) };
    this.#saved.failures ??= {};
    this.#saved.passed ??= [];
    return Promise.resolve();
  }

  #build(arch: A, seed = this.parts.config.seed): Network {
    const { gpu, space, context, config: { optimizer, auxWeight, logEvery } } = this.parts;
    const weights = new WeightStore();
    // The same network as in a retraining.
    const model = built(() => space.build(arch, { ...context, form: "final", weights }));
    weights.materialise(gpu, seed);
    return { model, weights, trainer: new Trainer(gpu, weights, optimizer, auxWeight, logEvery) };
  }

  #pass(step: number, steps: number, training: boolean, seed = this.parts.config.seed): Pass {
    return { training, batchStatistics: training, seed, step, steps };
  }
}

/** Images of the first steps of a training. */
function imagesOf({ stepsPerEpoch, n }: Batches, steps: number, batch: number): number {
  return Math.floor(steps / stepsPerEpoch) * n + steps % stepsPerEpoch * batch;
}

/** Saves a training after some steps, unless it diverged: the trainer's next tally ends it with the reason. */
async function saveTo(
  checkpoints: TrialCheckpoints,
  step: number,
  trainer: Trainer,
): Promise<void> {
  let state: State;
  try {
    state = await trainer.snapshot();
  } catch (error) {
    if (error instanceof DivergedError) return;
    throw error;
  }
  await checkpoints.save(step, state);
}

/** Finds for each weight those of its slot's donors, in their order; several are averaged. */
export async function donorSource<A>(
  space: SearchSpace<A>,
  slots: NonNullable<Trial<A>["inherit"]>,
  files: WeightFiles,
): Promise<WeightSource> {
  const donorsOf = new Map(slots.map(({ slot, donors }) => [slot, donors]));
  const tensors = new Map<number, NamedTensors>();
  for (const donor of new Set(slots.flatMap(({ donors }) => donors))) {
    tensors.set(donor, await files.load(weightsOf(donor)));
  }
  return {
    lookup(name, shape) {
      const donors = donorsOf.get(slotOf(space, name));
      return donors
        ? donors.map((trial) => ({ donor: fitting(tensors.get(trial)!, name, shape, trial) }))
        : null;
    },
  };
}

/** The donor's tensor for a weight. @throws DataError where it has none of the shape. */
function fitting(tensors: NamedTensors, name: string, shape: Shape, trial: number): HostTensor {
  const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (found && sameShape(found.shape, shape)) return found;
  throw new DataError(
    `Cannot inherit ${name} from trial ${trial}: its weights have ${
      found ? `[${found.shape}]` : "no such tensor"
    }, expected [${shape}]; they were changed after that trial, start the search again`,
  );
}
