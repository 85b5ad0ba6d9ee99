/**
 * The same training step here and in PyTorch (eager, on the processor), in turn: what a user without a card could have
 * instead. `deno run -A bench/torch_step.ts [--mode micro|macro] [--command search|retrain] [--preset quick]
 * [--arch arch.json | --resnet50] [--python python3] [--threads 2] [--rounds 5] [--steps 10] [name=value …]`
 *
 * The network's tape is written as a list of ops that `bench/peers/torch_step.py` runs with the same weights and images
 * and the same optimiser; the losses of the first step must agree. Dropout is off on both sides. Both read the loss
 * once a round, as training does. Prints a step's mean time in the fastest and in the median round, and the same of the
 * network forward. `--resnet50` trains ResNet-50 on 224×224 images instead, with the optimiser of the mode's preset.
 */
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { Tape, type Value } from "../src/autodiff/mod.ts";
import { UsageError } from "../src/common/errors.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { parseArchFile } from "../src/nas/arch_formats/arch_file.ts";
import { TextLineStream } from "../tests/onnxruntime/lines.ts";
import { Busy, busyWords } from "./busy.ts";
import { Steps } from "./networks.ts";
import { resnet50 } from "./resnet50.ts";

const layouts = ["nchw", "channels_last"] as const;

const { values, positionals } = parseArgs({
  options: {
    mode: { type: "string", default: "micro" },
    command: { type: "string", default: "retrain" },
    preset: { type: "string", default: "quick" },
    arch: { type: "string" },
    resnet50: { type: "boolean", default: false },
    python: { type: "string", default: "python3" },
    threads: { type: "string", default: String(navigator.hardwareConcurrency) },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "10" },
  },
  allowPositionals: true,
});
const [rounds, steps] = [Number(values.rounds), Number(values.steps)];

/** How a weight lies here, by the op that reads it; the other side turns it into its own order. */
const kinds: Record<string, string> = {
  conv2d: "dense",
  depthwise_conv2d: "depthwise",
  pointwise: "pointwise",
};

/** A network's ops in order, and its weights, each once. */
async function programOf(made: Steps, arch: unknown) {
  const tape = new Tape();
  const images = tape.input(made.batch.images.shape, { tensor: made.batch.images });
  const { logits, aux } = made.build(arch).forward(images, made.pass);
  if (aux) throw new UsageError("Cannot compare: the network has an auxiliary head");
  const tensors = await made.weights.tensors();
  const weights: [shape: readonly number[], kind: string, offset: number][] = [];
  const data: Float32Array[] = await made.gpu.read([made.batch.images]);
  let length = data[0].length;
  const known = new Map<string, number>();
  const reference = ({ source, shape }: Value, op: string) => {
    if (source.kind === "input") return ["images"];
    if (source.kind === "node") return ["node", source.node.index];
    const { param, offset } = source;
    const key = `${param.name} ${offset} ${shape}`;
    if (!known.has(key)) {
      const count = shape.reduce((a, b) => a * b, 1);
      known.set(key, weights.length);
      weights.push([shape, param.trainable ? kinds[op] ?? "plain" : "state", length]);
      const all = tensors[param.name].data as Float32Array;
      data.push(all.subarray(offset, offset + count));
      length += count;
    }
    return ["weight", known.get(key)];
  };
  const nodes = tape.nodes.map(({ op, inputs, params }) => ({
    op: op.name,
    inputs: inputs.map((value) => reference(value, op.name)),
    params,
  }));
  if (logits.source.kind !== "node" || logits.source.node !== tape.nodes.at(-1)) {
    throw new UsageError("Cannot compare: the network does not end with its logits");
  }
  const { momentum, nesterov, l2, l2Half, clip, clipNorm, algorithm } = made.config.optimizer;
  if (algorithm !== "sgd" || clip === "tensor") {
    throw new UsageError(
      "Cannot compare: expected SGD that clips the norm of all gradients, or none",
    );
  }
  const parameters = weights.filter(([, kind]) => kind !== "state")
    .reduce((sum, [shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const program = {
    images: images.shape,
    ...{ weights, nodes, parameters, momentum, nesterov },
    decay: l2Half ? l2 : 2 * l2,
    clip: clip === "global" ? clipNorm : null,
  };
  return { program, data, parameters };
}

/** A process of Python that answers a line for each line. */
function open(python: string) {
  const script = new URL("peers/torch_step.py", import.meta.url).pathname;
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream()).getReader();
  const ask = async (request: unknown) => {
    await writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    const { value } = await reader.read();
    if (value === undefined) throw new UsageError(`Cannot compare: ${python} has ended; see above`);
    return JSON.parse(value);
  };
  return { ask, close: () => writer.close() };
}

const gpu = await Gpu.open();
const setting = {
  mode: values.mode,
  command: values.command === "search" ? "search" as const : "retrain" as const,
  preset: values.preset,
  overrides: {
    ...values.resnet50 ? { data: "cifar10" } : {},
    ...Object.fromEntries(positionals.map((word) => {
      const [name, value] = word.split("=");
      return [name, JSON.parse(value)];
    })),
  },
  ...values.resnet50 ? { space: resnet50, side: 224, classes: 1000 } : {},
  choice: values.arch && parseArchFile(Deno.readTextFileSync(values.arch), values.arch).choice ||
    undefined,
  dropout: false,
};
const made = new Steps(gpu, setting);
const arch = made.draw();
const { program, data, parameters } = await programOf(made, arch);
const folder = Deno.makeTempDirSync({ prefix: "denas-torch-" });
const files = { program: join(folder, "program.json"), weights: join(folder, "weights.bin") };
Deno.writeTextFileSync(files.program, JSON.stringify(program));
Deno.writeFileSync(files.weights, new Uint8Array(await new Blob(data as BlobPart[]).arrayBuffer()));
const peer = open(values.python);
await peer.ask({ ...files, threads: Number(values.threads) });

type Times = Record<"denas" | typeof layouts[number], number[]>;
/** Works that are timed: whole training steps, and the network forward. */
const works = ["step", "forward"] as const;
const noTimes = (): Times => ({ denas: [], nchw: [], channels_last: [] });
const times = { step: noTimes(), forward: noTimes() };
await made.train(arch);
const losses: Record<string, number> = { denas: made.loss };
for (const layout of layouts) losses[layout] = (await peer.ask({ layout, steps: 3 })).loss;
for (const layout of layouts) {
  if (!(Math.abs(losses[layout] - losses.denas) < 1e-3)) {
    console.error(`Cannot compare: losses of the first step are ${JSON.stringify(losses)}`);
    Deno.exit(1);
  }
}
for (let i = 0; i < 2; i++) await made.train(arch);
await made.infer(arch);
const busy = { step: new Busy(), forward: new Busy() };
for (let round = 0; round < rounds; round++) {
  for (const what of works) {
    const forward = what === "forward";
    busy[what].start();
    const start = performance.now();
    await (forward ? made.infer(arch, steps) : made.train(arch, steps));
    times[what].denas.push((performance.now() - start) / steps);
    busy[what].stop();
    for (const layout of layouts) {
      times[what][layout].push((await peer.ask({ layout, steps, forward })).ms);
    }
  }
}
await peer.close();
gpu.close();
Deno.removeSync(folder, { recursive: true });

const n = made.batch.n;
console.log(
  `${made.space.name} ${values.command} ${values.preset}, ${parameters} weights, batch ${n}, ` +
    `${values.threads} threads there, losses ${losses.denas.toFixed(5)} here, ` +
    `${losses.nchw.toFixed(5)} there`,
);
for (const what of works) {
  const ours = times[what].denas.sort((a, b) => a - b);
  console.log([what, busyWords(busy[what].share)].filter((word) => word).join(": "));
  for (const [name, all] of Object.entries(times[what])) {
    all.sort((a, b) => a - b);
    const [best, median] = [all[0], all[all.length >> 1]];
    console.log(
      `${name.padEnd(14)} fastest ${best.toFixed(1)} ms (${
        (1000 * n / best).toFixed(0)
      } images/s), ` +
        `median ${median.toFixed(1)} ms; denas reaches ${(best / ours[0]).toFixed(2)}, ` +
        `by medians ${(median / ours[ours.length >> 1]).toFixed(2)}`,
    );
  }
}
