/**
 * A custom evaluator: the accuracy after a brief training, divided by the milliseconds that one image takes
 * on this device. Scores are as reproducible as time is: not to the bit.
 *
 *     ./denas search --mode micro --preset smoke --plugin examples/throughput.ts --evaluator throughput
 */
import {
  defineEvaluator,
  type Evaluator,
  type EvaluatorContext,
  evaluators,
  run,
  Tape,
  WeightStore,
  z,
} from "denas";

const settings = z.strictObject({
  /** Epochs of training per architecture. */
  epochs: z.number().int().min(1).max(1000).default(1),
  /** Images per timed pass, and number of passes; the median counts. */
  images: z.number().int().min(1).max(4096).default(32),
  passes: z.number().int().min(1).max(1000).default(5),
});

type Settings = z.output<typeof settings>;

/** Milliseconds per image of the network that a retraining would build. */
async function millisecondsOf(
  arch: unknown,
  { gpu, space }: EvaluatorContext,
  target: { input: readonly [number, number, number]; classes: number },
  { images, passes }: Settings,
): Promise<number> {
  if (!gpu) throw new Error("Cannot time a network: no device is open");
  using _arena = gpu.arena();
  const weights = new WeightStore();
  const model = space.build(arch, { ...target, form: "final", weights });
  weights.materialise(gpu, 1);
  const pass = { training: false, batchStatistics: false, seed: 1, step: 0, steps: 1 };
  const once = async () => {
    const tape = new Tape();
    const shape = [images, ...target.input];
    const { logits } = model.forward(tape.input(shape, { tensor: gpu.empty(shape) }), pass);
    const from = performance.now();
    await gpu.read([run(gpu, tape, { outputs: [logits] }).of(logits)]);
    return (performance.now() - from) / images;
  };
  // The first pass compiles.
  await once();
  const times: number[] = [];
  for (let i = 0; i < passes; i++) times.push(await once());
  return times.sort((a, b) => a - b)[passes >> 1];
}

export default defineEvaluator({
  name: "throughput",
  summary: "accuracy after a brief training, per millisecond on this device",
  settings,
  cost: "training",
  needsDevice: true,
  loop: { epochs: 1, rounds: 20, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  async open(given, context) {
    const opened = await evaluators.get("train").open({ epochs: given.epochs }, context);
    const { evaluator: trainer, target } = opened;
    const known = new Map<string, number>();
    const evaluator: Evaluator<unknown> = {
      remembers: true,
      oneByOne: true,
      snapshot: async () => {
        const { json, tensors } = await trainer.snapshot();
        return { json: { trainer: json, known: [...known] }, tensors };
      },
      restore({ json, tensors }) {
        const saved = json as { trainer: unknown; known: [string, number][] };
        for (const [key, milliseconds] of saved.known) known.set(key, milliseconds);
        return trainer.restore({ json: saved.trainer, tensors });
      },
      async *evaluate(trials, on, signal) {
        const archs = new Map(trials.map(({ id, arch }) => [id, arch]));
        for await (const result of trainer.evaluate(trials, on, signal)) {
          if (result.status === "ok") {
            const arch = archs.get(result.trial);
            const key = context.space.key(arch);
            const time = known.get(key) ?? await millisecondsOf(arch, context, target, given);
            known.set(key, time);
            const { value, loss } = result.score;
            yield { ...result, score: { value: value / time, loss } };
          } else yield result;
        }
      },
    };
    // Scores of different devices are not comparable.
    const score = { label: "accuracy per millisecond", unit: "1/ms", comparable: false };
    return { ...opened, evaluator, score };
  },
});
