/**
 * Plug-in interface: a definition is everything denas knows of a space, a strategy or an evaluator.
 * Built-ins are listed in the `mod.ts` of their folders; a user's own are added through `registry.ts`.
 */
import type { z } from "zod";
import type { Gpu } from "../gpu/device.ts";
import type { Dispatch } from "../gpu/programs.ts";
import type { WeightStore } from "../nn/weights.ts";
import type { ArchFile } from "./arch_formats/arch_file.ts";
import type { SearchConfig } from "./config/config_schema.ts";
import type { ControllerConfig, ControllerNetwork } from "./controller/network.ts";
import type { Encodings, OpenEncodings } from "./encodings/encoding.ts";
import type { Evaluator, ScoreMeaning } from "./evaluator.ts";
import type { RunEvent } from "./events.ts";
import type { Inheritance } from "./search/inheritance.ts";
import type { SearchParts } from "./search/loop.ts";
import type { FinalSection, SearchSection } from "./config/preset_sections.ts";
import type { RunIO } from "./search/search.ts";
import type { Notation, SearchSpace } from "./space.ts";
import type { Strategy } from "./strategy.ts";
import type { VariationOperators } from "./strategies/variation.ts";

/** Settings with the name of their definition, as they stand in a config. */
// deno-lint-ignore no-explicit-any
export type Settings = { kind: string } & Record<string, any>;

interface Definition<Z extends z.ZodObject> {
  /** Unique among its kind: lower-case letters, digits and hyphens. */
  name: string;
  /** One line for `--help`, the page and messages. */
  summary: string;
  /** Every setting with its bounds and its default. */
  settings: Z;
}

/** Choices of an architecture, and the settings of its space that the released networks have. */
export interface ScriptArch {
  choice: number[];
  settings: Record<string, number>;
}

/**
 * Format of a space's architectures in scripts and logs of the released ENAS code: rows of whole numbers, one
 * per layer or cell.
 */
export interface ScriptFormat {
  /** Lengths of the rows in words, for messages. */
  lengths: string;
  /** Whether rows of these lengths are of this space; a text says what is wrong with rows that begin so. */
  suits(lengths: readonly number[]): boolean | string;
  /** Numbers without rows, by their count; absent where only rows tell. */
  flat?: { count: string; suits(count: number): boolean };
  /** One line of numbers in brackets, for the rows tell a setting. */
  bracketed?: boolean;
  rows(choice: readonly number[], settings: Record<string, unknown>): number[][];
  /** @throws UsageError that says what is wrong. */
  read(numbers: readonly number[], rows: readonly (readonly number[])[] | null): ScriptArch;
  /** NumPy arrays of the NNabla reproduction; absent where it has no such space. */
  nnabla?: {
    /** Shapes in words, for messages. */
    shapes: string;
    shapeOf(choice: readonly number[]): number[];
    suits(shape: readonly number[]): boolean;
    /** Converts between the two numberings of operations, both ways; absent where they are the same. */
    renumber?(choice: readonly number[]): number[];
  };
}

/** A search space as a plug-in: its settings Z, and how to open it as a space of architectures A. */
// deno-lint-ignore no-explicit-any
export interface SpaceDefinition<Z extends z.ZodObject = any, A = any> extends Definition<Z> {
  type: "space";
  /** Settings by preset. A preset that is missing here takes the values shared by spaces without presets. */
  presets?: {
    search?: Readonly<Record<string, SearchSection>>;
    final?: Readonly<Record<string, FinalSection>>;
  };
  /** @throws UsageError when sizes do not fit each other. */
  open(settings: z.output<Z>): SearchSpace<A>;
  /**
   * Settings with those filled in that are made from others, so that a config alone determines a run. Filling
   * in twice changes nothing.
   */
  completed?(settings: z.output<Z>): z.output<Z>;
  /**
   * Names by which the published program calls settings, with their dotted names here: `--set` takes both, with
   * or without the prefix `eval_`.
   */
  aliases?: Readonly<Record<string, string>>;
  /** Settings that an architecture depends on: its file hands them to a retraining. */
  carried?(settings: z.output<Z>): Partial<z.output<Z>>;
  /** The ENAS controller of this space. */
  controller?(
    store: WeightStore,
    config: ControllerConfig,
    settings: z.output<Z>,
  ): ControllerNetwork;
  /** Published encodings by name. */
  encodings?(options: OpenEncodings): Promise<Encodings<A>>;
  notation?: Notation<A>;
  /** The format of the released ENAS scripts, where they have this space. */
  script?: ScriptFormat;
  /** Names of the spaces that `--channels` selects in place of this one, by its value. */
  channels?: Readonly<Record<string, string>>;
  /** Ids of quirks of the released code that hold in this space only; see `faithful.ts`. */
  quirks?: readonly string[];
  /** Choices of a network made by hand, to compare with. */
  baseline?(settings: z.output<Z>): number[];
  /** A small network that tests build and train. */
  example: { settings: Partial<z.input<Z>>; choice: readonly number[] };
}

/** Inputs for opening a strategy. */
export interface StrategyContext {
  config: SearchConfig;
  space: SearchSpace<unknown>;
  definition: SpaceDefinition;
  variation: VariationOperators<unknown>;
  encodings: Encodings<unknown>;
  /** Null where no device is open. */
  gpu: Gpu | null;
  /** Whether architectures are scored with shared weights, which the search itself trains. */
  sharedWeights: boolean;
  /** Training epochs that the evaluator offers, ascending; empty where there is no choice. */
  fidelities: readonly number[];
}

/** Values that the defaults of a strategy may depend on. */
export interface StrategyDefaults {
  preset: string;
  /** Settings of the controller in this preset and space. */
  controller?: ControllerConfig;
  cost: EvaluatorDefinition["cost"];
}

/** A search strategy as a plug-in: its settings Z, and how to open it for a space and an evaluator. */
// deno-lint-ignore no-explicit-any
export interface StrategyDefinition<Z extends z.ZodObject = any> extends Definition<Z> {
  type: "strategy";
  /** Learns on the device, so that even a search on a table needs one. */
  needsDevice?: boolean;
  /** Score of untrained networks by which its trials with 0 epochs are evaluated, by any evaluator. */
  untrained?: string;
  /** Settings that differ from the schema's defaults. */
  defaults?(given: StrategyDefaults): Partial<z.output<Z>>;
  /** Settings that follow the quirks of the published code (`--strict` of a study). */
  published?: Partial<z.output<Z>>;
  /** Settings of the search loop, by dotted name, that this strategy needs. */
  loop?: Readonly<Record<string, unknown>>;
  /** @throws UsageError where space, encoding or evaluator lack what it needs. */
  open(
    settings: z.output<Z>,
    context: StrategyContext,
  ): Strategy<unknown> | Promise<Strategy<unknown>>;
}

/** Inputs for opening an evaluator. */
export interface EvaluatorContext {
  config: SearchConfig;
  space: SearchSpace<unknown>;
  io:
    & Pick<RunIO, "signal" | "dataset" | "find" | "cacheDir" | "initial">
    & Partial<Pick<RunIO, "store" | "checkpoints">>;
  /** Null where neither evaluator nor strategy need a device. */
  gpu: Gpu | null;
}

/** An opened evaluator, with the values that the search loop needs from it. */
export interface OpenEvaluator {
  evaluator: Evaluator<unknown>;
  /** Input size and classes of the networks, to count their parameters and multiply-adds. */
  target: { input: readonly [number, number, number]; classes: number };
  /** Dispatches that cover nearly all kernels of the search: these are compiled before the first step. */
  dispatches?(): readonly Dispatch[];
  figures: SearchParts<unknown>["figures"];
  warmStart?(): Promise<RunEvent | null>;
  /** Values of a further objective by architecture, all to be maximised; undefined for an unknown name. */
  column?(name: string): ((arch: unknown) => number) | undefined;
  /** Plans what the network of a trial inherits from those of earlier ones. */
  inheritance?: Inheritance<unknown>;
  scoreKind: SearchParts<unknown>["scoreKind"];
  score: ScoreMeaning;
  unfit?: number;
  report?: SearchParts<unknown>["report"];
  arch: Pick<ArchFile, "input" | "classes" | "task" | "data">;
  start: Partial<SearchParts<unknown>["start"]>;
}

/** An evaluator as a plug-in: its settings Z, what its scores cost, and how to open it. */
// deno-lint-ignore no-explicit-any
export interface EvaluatorDefinition<Z extends z.ZodObject = any> extends Definition<Z> {
  type: "evaluator";
  /**
   * Cost of one score: a table look-up, a few passes of an untrained network, a pass with shared weights, or a
   * training.
   */
  cost: "lookup" | "untrained" | "pass" | "training";
  needsDevice: boolean;
  /** Option of `search` that chooses this evaluator, beside its name. */
  flag?: { option: string; help: string };
  /** Settings of the search loop, by dotted name, that this evaluator starts from. */
  loop?: Readonly<Record<string, unknown>>;
  open(settings: z.output<Z>, context: EvaluatorContext): Promise<OpenEvaluator>;
}

/** Any definition, as a plug-in file exports it. */
export type Plugin = SpaceDefinition | StrategyDefinition | EvaluatorDefinition;

/** Makes a definition of a space; the compiler finds the types of its settings and architectures. */
export const defineSpace = <Z extends z.ZodObject, A>(
  definition: Omit<SpaceDefinition<Z, A>, "type">,
): SpaceDefinition<Z, A> => ({ type: "space", ...definition });

/** Makes a definition of a strategy. */
export const defineStrategy = <Z extends z.ZodObject>(
  definition: Omit<StrategyDefinition<Z>, "type">,
): StrategyDefinition<Z> => ({ type: "strategy", ...definition });

/** Makes a definition of an evaluator. */
export const defineEvaluator = <Z extends z.ZodObject>(
  definition: Omit<EvaluatorDefinition<Z>, "type">,
): EvaluatorDefinition<Z> => ({ type: "evaluator", ...definition });
