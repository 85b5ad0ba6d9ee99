/**
 * denas: neural architecture search on WebGPU, without CUDA and without Python.
 *
 * Open a device, put numbers on it, apply ops on a tape, differentiate:
 *
 * ```ts
 * import { add, Gpu, relu, run, Tape } from "./mod.ts";
 *
 * const gpu = await Gpu.open();
 * const tape = new Tape();
 * const x = tape.input([1], { tensor: gpu.upload(Float32Array.of(2)), wantsGrad: true });
 * const loss = add(relu(x), x);
 * const result = run(gpu, tape, { outputs: [loss], loss });
 * const [[value], [slope]] = await gpu.read([result.of(loss), result.gradient(x)]);
 * console.log(value, slope); // 4 2
 * gpu.close();
 * ```
 *
 * Training a small network and running a search from a program: see `docs/library.md`.
 *
 * @module
 */
export * from "./src/common/errors.ts";
export { Rng, Stream } from "./src/common/random.ts";
export {
  type AdapterReport,
  Gpu,
  type OpenOptions,
  type Recorder,
  type Shape,
  type Tensor,
  type Traits,
} from "./src/gpu/mod.ts";
export {
  apply,
  type Case,
  defineOp,
  type Op,
  type OpSpec,
  type Param,
  part,
  registry,
  reshape,
  type Result,
  run,
  type RunOptions,
  Tape,
  type Value,
} from "./src/autodiff/mod.ts";
export { checkOp, type OpReport } from "./src/autodiff/gradcheck.ts";
export * from "./src/ops/mod.ts";
export * from "./src/nn/init.ts";
export * from "./src/nn/optimizer.ts";
export * from "./src/nn/schedule.ts";
export * from "./src/nn/layers.ts";
export { type NamedTensors, WeightStore } from "./src/nn/weights.ts";
export * from "./src/nn/inherit.ts";
export * from "./src/data/mod.ts";
export {
  type Overrides,
  resolveRetrainConfig,
  resolveSearchConfig,
  type RetrainConfig,
  retrainConfig,
  type SearchConfig,
  searchConfig,
} from "./src/nas/config/config.ts";
export { asOption } from "./src/nas/config/as_option.ts";
export {
  type ArchFile,
  archFile,
  formatArchFile,
  parseArchFile,
} from "./src/nas/arch_formats/arch_file.ts";
export { describe, type Description } from "./src/nas/analysis/describe.ts";
export { type LoggedEvent, type RunEvent, runEvent } from "./src/nas/events.ts";
export { Classifier } from "./src/nas/train/classifier.ts";
export { type NetworkFile, parseNetworkFile } from "./src/nas/train/network.ts";
export { retrain } from "./src/nas/train/retrain.ts";
export { z } from "zod";
export {
  defineEvaluator,
  defineSpace,
  defineStrategy,
  type EvaluatorContext,
  type EvaluatorDefinition,
  type OpenEvaluator,
  type Plugin,
  type Settings,
  type SpaceDefinition,
  type StrategyContext,
  type StrategyDefinition,
} from "./src/nas/definition.ts";
export { allowed, decisionsOf, walk } from "./src/nas/decisions.ts";
export { evaluators, openSpace, register, spaces, strategies } from "./src/nas/registry.ts";
export { uniformArchitecture } from "./src/nas/sampling.ts";
export { denseHead } from "./src/nas/spaces/benchmark.ts";
export { type Network, requireSearchForm, type Sized, toModel } from "./src/nas/spaces/child.ts";
export { DecisionList } from "./src/nas/spaces/codec.ts";
export { defineGrammar, type GrammarPlugin } from "./src/nas/spaces/grammar.ts";
export type { Primitive } from "./src/nas/grammar/primitives.ts";
export { networkSettings } from "./src/nas/spaces/settings.ts";
export { GraphBuilder } from "./src/nas/predictors/graphs.ts";
export { type RunIO, search } from "./src/nas/search/search.ts";
export { memoryStore, type Store } from "./src/nas/search/store.ts";
export type * from "./src/nas/space.ts";
export type * from "./src/nas/strategy.ts";
export type * from "./src/nas/evaluator.ts";
export { built, evaluateEach, reasonOf, TrialError } from "./src/nas/results.ts";
export * from "./src/nas/tables/mod.ts";
export { type EarlierWeights } from "./src/nas/train/warm_start.ts";
export { loadPlugins } from "./src/run/plugins.ts";
export { readEarlierWeights } from "./src/run/earlier_weights.ts";
export { exportSafetensors } from "./src/run/named_tensors.ts";
export { readNetwork, type TrainedNetwork } from "./src/run/network.ts";
export { exportOnnx } from "./src/run/onnx/export.ts";
