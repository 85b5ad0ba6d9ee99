/** Selects the shapes to time, and times all implementations in turn. */
import { UsageError } from "../src/common/errors.ts";
import type { Gpu, Stopwatch } from "../src/gpu/mod.ts";
import { Busy } from "./busy.ts";
import { type Ceilings, limitMs, SAMPLE_MS } from "./ceilings.ts";
import type { Row } from "./compare.ts";
import { agree } from "./data.ts";
import { Prepared, type Work } from "./kernels.ts";
import type { Peer } from "./peers/mod.ts";
import { type ListedShape, passes, readShapes } from "./shape_list.ts";

export interface Selecting {
  preset: string;
  filter: RegExp;
  top?: number;
}

export interface Bench {
  gpu: Gpu;
  watch: Stopwatch;
  peers: readonly Peer[];
  rounds: number;
  samples: number;
  /** Measure how busy the driver's threads are, too. */
  busy?: boolean;
}

/** Milliseconds in which threads are watched, at least: Linux counts their time in steps of 10 ms. */
const BUSY_MS = 400;
/** Milliseconds of one submission meanwhile, and the most repetitions, whose parameters have to fit into it. */
const BUSY_SAMPLE = { ms: 100, most: 512 };

const sizes = (shape: readonly number[]) => shape.join("×");

const nameOfShape = ({ op, shapes, params }: ListedShape) => {
  const flags = Object.entries(params).filter(([key, value]) =>
    value === true || key === "stride" && value !== 1 || key === "k" || key === "shift" && value
  );
  const said = flags.map(([key, value]) => value === true ? key : `${key}${value}`);
  return [op, shapes.map(sizes).join(" "), ...said].join(" ");
};

export type Selection = ReturnType<typeof selected>[number];

/** Shapes of the presets' steps, largest weight first, with the weight of each pass. */
export function selected({ preset, filter, top }: Selecting) {
  const { groups, shapes } = readShapes();
  const names = Object.keys(groups).filter((name) => preset === "all" || name.startsWith(preset));
  if (!names.length) {
    throw new UsageError(
      `Cannot time preset ${preset}: none of its shapes are listed, expected quick, paper or all`,
    );
  }
  return shapes.map((shape) => {
    const weights = passes.map((_, p) =>
      names.reduce((sum, name) => sum + (shape.share[name]?.[p] ?? 0), 0) / names.length
    );
    return { shape, name: nameOfShape(shape), weights, all: weights.reduce((a, b) => a + b, 0) };
  }).filter(({ all, name }) => all > 0 && filter.test(name))
    .sort((a, b) => b.all - a.all).slice(0, top);
}

export type Measured =
  & Pick<
    Row,
    "name" | "op" | "pass" | "weight" | "ms" | "medianMs" | "dispatches" | "busy" | "peers"
  >
  & {
    work: Work;
  };

/** Makes a row of a measurement and the ceilings, which are known only at the end. */
export function rowOf({ work, ...measured }: Measured, ceilings: Ceilings): Row {
  const { ms, dispatches } = measured;
  const [gflops, gbytes] = [work.flops / ms / 1e6, work.bytes / ms / 1e6];
  const limit = limitMs(work, dispatches, ceilings);
  return {
    ...measured,
    ...{ gflops, gbytes },
    ...{ fmaShare: gflops / ceilings.gflops, copyShare: gbytes / ceilings.gbytes },
    ...{ limitMs: limit, limitShare: limit / ms },
  };
}

/** Measures one shape: checks it, then times it in rounds, each implementation in turn. */
export async function measure(
  { gpu, watch, peers, rounds, samples, busy }: Bench,
  { shape, name, weights }: Selection,
): Promise<Measured[]> {
  const job = { op: shape.op, shapes: shape.shapes, params: shape.params };
  const prepared = new Prepared(gpu, job);
  const digests = await prepared.check();
  const rows: Measured[] = [];
  // Skip passes that no step uses, such as the gradient of the images.
  const used = prepared.passes.filter((pass) => weights[passes.indexOf(pass)] > 0);
  for (const pass of used) {
    const record = prepared.record(pass);
    const estimate = await watch.estimate(record);
    const before = gpu.counters.dispatches;
    record();
    gpu.endPass();
    const dispatches = gpu.counters.dispatches - before;
    const all: number[] = [];
    const theirs: Row["peers"] = {};
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < samples; i++) {
        all.push(...await watch.sample([record], [estimate], SAMPLE_MS));
      }
      for (const peer of peers) {
        const so = theirs[peer.name];
        if (so && "unable" in so) continue;
        const answer = await peer.measure({ kind: "pass", job, pass, samples });
        if ("unable" in answer) theirs[peer.name] = answer;
        else if (!("digest" in answer) || !agree(answer.digest, digests[pass])) {
          theirs[peer.name] = { unable: "its result differs" };
        } else theirs[peer.name] = { ms: Math.min(answer.ms, so?.ms ?? Infinity) };
      }
    }
    all.sort((a, b) => a - b);
    rows.push({
      name,
      op: shape.op,
      pass,
      weight: weights[passes.indexOf(pass)],
      ms: all[0],
      medianMs: all[all.length >> 1],
      work: prepared.work(pass),
      dispatches,
      busy: busy ? await busyShare(gpu, watch, record, all[0]) : null,
      peers: theirs,
    });
  }
  prepared.release();
  return rows;
}

/** Share of the cores' time in which the driver's threads compute while a pass runs again and again. */
async function busyShare(
  gpu: Gpu,
  watch: Stopwatch,
  record: () => void,
  estimate: number,
): Promise<number | null> {
  const times = Math.max(1, Math.min(BUSY_SAMPLE.most, Math.round(BUSY_SAMPLE.ms / estimate)));
  const threads = new Busy();
  let ms = 0;
  threads.start();
  while (ms < BUSY_MS) {
    ms += await watch.around(() => {
      for (let i = 0; i < times; i++) record();
      gpu.submit();
      return Promise.resolve();
    });
  }
  threads.stop();
  return threads.shareOf(ms);
}
