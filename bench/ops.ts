/**
 * Times one op at one shape: `deno run -A bench/ops.ts pointwise "[[32,28,28,32],[32,32]]" '{"relu":true,…}'`.
 * Prints, for the forward pass and for the gradient of each input, the first run (which compiles) and the
 * best of five rounds of many dispatches in one submission, read back at the end.
 */
import { numel, type Op, registry, type Shape, type Tensor } from "../src/autodiff/op.ts";
import { Gpu } from "../src/gpu/device.ts";
import { uniform } from "../src/common/random.ts";
import "../src/ops/mod.ts";

const ROUND_MS = 150;

/** Milliseconds of the first run, and of one of many runs. */
async function time(gpu: Gpu, record: () => void, result: Tensor): Promise<[number, number]> {
  const one = { ...result, shape: [1] };
  const round = async (times: number) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) record();
    await gpu.read([one]);
    return performance.now() - start;
  };
  const first = await round(1);
  // The read-back has a cost of its own; it is measured and subtracted.
  const idle = Math.min(await round(0), await round(0), await round(0));
  const once = Math.max(0.02, (await round(4) - idle) / 4);
  const times = Math.max(4, Math.round(ROUND_MS / once));
  let best = Infinity;
  for (let i = 0; i < 5; i++) best = Math.min(best, (await round(times) - idle) / times);
  return [first, best];
}

function line(what: string, [first, best]: [number, number], macs: number): string {
  const speed = macs ? `${(2 * macs / best / 1e6).toFixed(1)} GFLOP/s` : "";
  return `${what.padEnd(9)} ${best.toFixed(3).padStart(9)} ms  ${speed.padStart(14)}` +
    `   first ${first.toFixed(0)} ms`;
}

const [name, shapesText, paramsText = "{}"] = Deno.args;
const op: Op<unknown> | undefined = registry.find((o) => o.name === name);
if (!op || !shapesText) {
  console.error(`usage: bench/ops.ts <op> <shapes> [params]; ops: ${registry.map((o) => o.name)}`);
  Deno.exit(2);
}
const shapes: Shape[] = JSON.parse(shapesText);
const params = JSON.parse(paramsText);
const gpu = await Gpu.open();
let seed = 0;
const make = (shape: Shape) => {
  const step = seed++;
  const data = Float32Array.from({ length: numel(shape) }, (_, i) => uniform(1, 2, step, i) - 0.5);
  return gpu.upload(data, shape);
};
const { out, saved = [] } = op.shapes(shapes, params);
const io = {
  inputs: shapes.map(make),
  out: out.map(make),
  saved: saved.map((s) => gpu.empty(s)),
  params,
};
const macs = op.macs?.(shapes, params) ?? 0;
console.log(`${name} ${shapesText} ${paramsText} on ${gpu.adapter.description}`);
console.log(line("forward", await time(gpu, () => op.forward(gpu, io), io.out[0]), macs));
const { backward } = op;
if (typeof backward === "function") {
  const dy = out.map(make);
  for (const [i, shape] of shapes.entries()) {
    const dx = shapes.map((_, j) =>
      j === i ? { tensor: gpu.empty(shape), accumulate: false } : null
    );
    const share = name === "pointwise" ? macs / (shapes.length / 2) : macs;
    const record = () => backward(gpu, { ...io, dy, dx });
    console.log(line(`d input ${i}`, await time(gpu, record, dx[i]!.tensor), share));
  }
}
gpu.close();
