/**
 * Growth of a step's time and memory: `deno run -A bench/scaling.ts [layers|filters|batch|blocks|classes|image]
 * [mode=micro] [command=search] [preset=quick] [steps=4]`; all where none is named. One network of sampled operations
 * per size. Prints milliseconds, dispatches, peak bytes alive, and slopes of their logarithms: 1 is linear
 * (for images, in the number of pixels).
 */
import { Gpu } from "../src/gpu/mod.ts";
import { configOf, imagesOf, type Setting, Steps } from "./networks.ts";

const named = Object.fromEntries(
  Deno.args.filter((a) => a.includes("=")).map((a) => a.split("=") as [string, string]),
);
const { mode = "micro", command = "search", preset = "quick", steps = "4" } = named;
const [which] = Deno.args.filter((a) => !a.includes("="));
if (command !== "search" && command !== "retrain") {
  console.error(`Cannot scale ${command}: expected search or retrain`);
  Deno.exit(2);
}
const setting = { mode, preset, command } as const;
const config = configOf(setting);
const [side] = imagesOf(config.data);

/** A preset's value, and the same doubled once and twice. */
const upwards = (n: number) => [n, 2 * n, 4 * n];
interface Axis {
  values: number[];
  set: (n: number) => Partial<Setting>;
  /** The quantity that grows; default: the value itself. */
  of?: (n: number) => number;
}
const axes: Record<string, Axis> = {
  layers: {
    values: upwards(config.space.layers),
    set: (n) => ({ overrides: { "space.layers": n } }),
  },
  filters: {
    values: upwards(config.space.filters),
    set: (n) => ({ overrides: { "space.filters": n } }),
  },
  batch: { values: upwards(config.batch), set: (n) => ({ overrides: { batch: n } }) },
  ...nodesPerCell(config.space.blocks),
  classes: { values: [10, 100, 1000], set: (n) => ({ classes: n }) },
  image: { values: upwards(side), set: (n) => ({ side: n }), of: (n) => n * n },
};
if (which !== undefined && !(which in axes)) {
  console.error(
    `Cannot scale ${which}: expected one of ${Object.keys(axes).join(", ")}, and name=value`,
  );
  Deno.exit(2);
}

/** Nodes per cell, where a space has cells; at most three times the preset's, as bounds allow no more. */
function nodesPerCell(blocks: unknown): Record<string, Axis> {
  if (typeof blocks !== "number") return {};
  const values = [blocks, 2 * blocks, 3 * blocks];
  return { blocks: { values, set: (n) => ({ overrides: { "space.blocks": n } }) } };
}

interface Figures {
  ms: number;
  dispatches: number;
  bytes: number;
}

/** Figures of the fastest of some steps of one child. */
async function measure(sizes: Partial<Setting>): Promise<Figures> {
  const gpu = await Gpu.open();
  const made = new Steps(gpu, { ...setting, ...sizes });
  const arch = made.draw();
  let ms = Infinity, dispatches = 0;
  for (let i = 0; i < Number(steps) + 2; i++) {
    const before = gpu.counters.dispatches;
    const start = performance.now();
    await made.train(arch);
    if (i > 1) ms = Math.min(ms, performance.now() - start);
    dispatches = gpu.counters.dispatches - before;
  }
  const bytes = gpu.pool.peakBytes;
  gpu.close();
  return { ms, dispatches, bytes };
}

/** Least-squares slope of the logarithms. */
function slope(xs: readonly number[], ys: readonly number[]): number {
  const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const lx = xs.map(Math.log), ly = ys.map(Math.log);
  const mx = mean(lx), my = mean(ly);
  const covariance = mean(lx.map((x, i) => (x - mx) * (ly[i] - my)));
  return covariance / mean(lx.map((x) => (x - mx) ** 2));
}

for (const [name, { values, set, of = (n: number) => n }] of Object.entries(axes)) {
  if (which !== undefined && which !== name) continue;
  const figures: Figures[] = [];
  for (const value of values) {
    const f = await measure(set(value));
    figures.push(f);
    const mb = (f.bytes / 1e6).toFixed(1);
    console.log(`${name} ${value}: ${f.ms.toFixed(1)} ms, ${f.dispatches} dispatches, ${mb} MB`);
  }
  const grows = (key: keyof Figures) =>
    slope(values.map(of), figures.map((f) => f[key])).toFixed(2);
  console.log(`${name}: slope of time ${grows("ms")}, of memory ${grows("bytes")}`);
}
