/** From a config to its strategy. */
import type { Gpu } from "../../gpu/device.ts";
import type { SearchConfig } from "../config.ts";
import type { Encodings } from "../encodings/encoding.ts";
import { encodingNamed, openEncodings } from "../encodings/mod.ts";
import { UsageError } from "../../errors.ts";
import type { SearchSpace } from "../space.ts";
import type { Strategy } from "../strategy.ts";
import { EnasStrategy } from "./enas.ts";
import { NnablaStrategy } from "./enas_nnabla.ts";
import { evolutionStrategy } from "./evolution.ts";
import { guidedStrategy } from "./guided.ts";
import { hyperbandStrategy } from "./hyperband.ts";
import { localSearchStrategy } from "./local_search.ts";
import { type Moves, movesOf } from "./moves.ts";
import type { StrategyName } from "./names.ts";
import { nsga2Strategy } from "./nsga2.ts";
import { type GuidedName, guidedPlan } from "./plans.ts";
import { randomStrategy } from "./random.ts";

/** What a strategy is made from. */
export interface StrategyContext {
  config: SearchConfig;
  space: SearchSpace<unknown>;
  moves: Moves<unknown>;
  encodings: Encodings<unknown>;
  /** Null where no device is open. */
  gpu: Gpu | null;
  /** Epochs of training that the evaluator offers, ascending; empty where there is no choice. */
  fidelities: readonly number[];
}

type Make = (context: StrategyContext) => Strategy<unknown>;

const makers: Record<StrategyName, Make> = {
  enas,
  "enas-nnabla": (context) => {
    if (context.config.evaluator.kind !== "shared") {
      throw new UsageError(
        `Cannot use strategy enas-nnabla with evaluator ${context.config.evaluator.kind}: it trains the best of ` +
          `its candidates with shared weights; try --strategy enas`,
      );
    }
    if (context.config.roundsEvery !== 1) {
      throw new UsageError(
        `Cannot use strategy enas-nnabla with roundsEvery ${context.config.roundsEvery}: it trains the best ` +
          `candidate of each epoch, expected 1`,
      );
    }
    return new NnablaStrategy(enas(context), context.space);
  },
  random: ({ config, moves }) => randomStrategy(moves, config.seed),
  evolution: ({ config, moves }) => evolutionStrategy(moves, config.seed, config.evolution),
  "local-search": ({ config, moves }) =>
    localSearchStrategy(moves, config.seed, config.localSearch),
  "successive-halving": (context) => halving(context, "lowest"),
  hyperband: (context) => halving(context, "all"),
  nsga2: ({ config, moves }) => nsga2Strategy(moves, config.seed, config.nsga2, config.objectives),
  gp: guided("gp"),
  "gp-rbf": guided("gp-rbf"),
  "gp-wl": guided("gp-wl"),
  "gp-mixed": guided("gp-mixed"),
  bananas: guided("bananas"),
  dngo: guided("dngo"),
  bohamiann: guided("bohamiann"),
  gcn: guided("gcn"),
  bonas: guided("bonas"),
  npenas: guided("npenas"),
};

function guided(name: GuidedName): Make {
  return ({ config, space, moves, encodings }) => {
    const rounds = Math.floor(config.epochs / config.roundsEvery) * config.rounds;
    const plan = guidedPlan(name, config.guided, {
      space,
      encodings,
      encoding: config.encoding.predictor,
      budget: rounds * config.perRound,
    });
    // Several edits at once lead out of a neighbourhood that is known.
    const own = config.encoding.perturb === "" && encodings.adj?.perturb;
    return guidedStrategy(own ? { ...moves, perturb: own } : moves, config.seed, plan);
  };
}

function enas({ config, space, gpu }: StrategyContext): EnasStrategy<unknown> {
  if (!gpu) throw new Error(`Cannot open strategy ${config.strategy}: it needs a device`);
  return new EnasStrategy(gpu, space, config);
}

const halving = (
  { config, moves, fidelities }: StrategyContext,
  brackets: "all" | "lowest",
): Strategy<unknown> =>
  hyperbandStrategy(moves, config.seed, fidelities, { ...config.halving, brackets });

/** Whether a strategy learns on the device: others need none. */
export const learnsOnDevice = ({ strategy }: Pick<SearchConfig, "strategy">): boolean =>
  strategy.startsWith("enas");

export interface OpenStrategy {
  gpu: Gpu | null;
  fidelities?: readonly number[];
  /** Where the cells of NAS-Bench-101 are kept, which some encodings need. */
  cacheDir?: string;
  signal?: AbortSignal;
  /** Opened before, where many strategies use the same; otherwise those that the config names. */
  encodings?: Encodings<unknown>;
}

/** @throws UsageError where strategy, space, encodings and evaluator do not fit. */
export async function openStrategy(
  config: SearchConfig,
  space: SearchSpace<unknown>,
  { gpu, fidelities = [], encodings: opened, ...places }: OpenStrategy,
): Promise<Strategy<unknown>> {
  const { sample, perturb, strict } = config.encoding;
  // What a predictor sees is looked up nowhere.
  const named = [sample, perturb].filter((name) => name !== "");
  const encodings = opened ??
    await openEncodings(space.name, { ...places, strict, names: named });
  const find = (name: string) => name ? encodingNamed(encodings, name, space.name) : undefined;
  const moves = movesOf(space, { sample: find(sample), perturb: find(perturb) });
  return makers[config.strategy]({ config, space, moves, encodings, gpu, fidelities });
}
