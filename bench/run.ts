/**
 * `deno task bench`: how fast are the ops of real steps, and whole steps, beside what the adapter can do and
 * beside other libraries? docs/performance.md tells how to read it.
 */
import { Command, InvalidArgumentError } from "commander";
import { driverVersion } from "../src/cli/driver.ts";
import { whole } from "../src/cli/options.ts";
import { earlierMs, type Mean, means, peerMs, type Row } from "./compare.ts";
import { agree } from "./data.ts";
import { Prepared } from "./kernels.ts";
import { Peer, type PeerName, peerNames } from "./peers/mod.ts";
import { ceilingsLine, header, line, meansTable } from "./report.ts";
import { type ListedShape, passes, readShapes } from "./shape_list.ts";
import {
  compareStep,
  type PeerStep,
  peerStepLine,
  type Step,
  stepLine,
  timeSteps,
} from "./steps.ts";
import { type Ceilings, sampleCeilings, Timer } from "./timing.ts";

interface Options {
  preset: string;
  filter: RegExp;
  top?: number;
  rounds: number;
  samples: number;
  peers?: true | PeerName[];
  steps: boolean;
  save?: string;
  compare?: string;
  json?: boolean;
}

/** What `--save` writes and `--json` prints. */
interface Result {
  adapter: { description: string; driver: string | null };
  deno: string;
  ceilings: Ceilings;
  rows: Row[];
  steps: Step[];
  peerSteps: Record<string, PeerStep | { unable: string }>;
  /** By peer, or "before" for `--compare`: how many times as long it takes. */
  geomean: Record<string, Partial<Record<string, Mean>>>;
}

const sizes = (shape: readonly number[]) => shape.join("×");

const nameOfShape = ({ op, shapes, params }: ListedShape) => {
  const flags = Object.entries(params).filter(([key, value]) =>
    value === true || key === "stride" && value !== 1 || key === "k" || key === "shift" && value
  );
  const said = flags.map(([key, value]) => value === true ? key : `${key}${value}`);
  return [op, shapes.map(sizes).join(" "), ...said].join(" ");
};

/** The shapes of the presets' steps, the weightiest first, with what each pass weighs. */
function selected({ preset, filter, top }: Options) {
  const { groups, shapes } = readShapes();
  const names = Object.keys(groups).filter((name) => preset === "all" || name.startsWith(preset));
  if (!names.length) throw new InvalidArgumentError(`No shapes of ${preset} are listed.`);
  return shapes.map((shape) => {
    const weights = passes.map((_, p) =>
      names.reduce((sum, name) => sum + (shape.share[name]?.[p] ?? 0), 0) / names.length
    );
    return { shape, name: nameOfShape(shape), weights, all: weights.reduce((a, b) => a + b, 0) };
  }).filter(({ all, name }) => all > 0 && filter.test(name))
    .sort((a, b) => b.all - a.all).slice(0, top);
}

/** One shape: checked, then timed in rounds, each implementation in turn. */
async function measure(
  timer: Timer,
  peers: readonly Peer[],
  { shape, name, weights }: ReturnType<typeof selected>[number],
  { rounds, samples }: Options,
): Promise<Row[]> {
  const job = { op: shape.op, shapes: shape.shapes, params: shape.params };
  const prepared = new Prepared(timer.gpu, job);
  const digests = await prepared.check();
  const rows: Row[] = [];
  // Passes that no step has: nobody asks for the gradient of the images.
  const used = prepared.passes.filter((pass) => weights[passes.indexOf(pass)] > 0);
  for (const pass of used) {
    const record = prepared.record(pass);
    const times = await timer.repetitions(record);
    const all: number[] = [];
    const theirs: Row["peers"] = {};
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < samples; i++) all.push(await timer.once(record, times));
      for (const peer of peers) {
        const before = theirs[peer.name];
        if (before && "unable" in before) continue;
        const answer = await peer.measure({ kind: "pass", job, pass, samples });
        if ("unable" in answer) theirs[peer.name] = answer;
        else if (!("digest" in answer) || !agree(answer.digest, digests[pass])) {
          theirs[peer.name] = { unable: "its result differs" };
        } else theirs[peer.name] = { ms: Math.min(answer.ms, before?.ms ?? Infinity) };
      }
    }
    all.sort((a, b) => a - b);
    const { flops, bytes } = prepared.work(pass);
    rows.push({
      name,
      op: shape.op,
      pass,
      weight: weights[passes.indexOf(pass)],
      ms: all[0],
      medianMs: all[all.length >> 1],
      gflops: flops / all[0] / 1e6,
      gbytes: bytes / all[0] / 1e6,
      fmaShare: 0,
      copyShare: 0,
      peers: theirs,
    });
  }
  prepared.release();
  return rows;
}

async function main(options: Options): Promise<void> {
  const earlier: Result | null = options.compare === undefined
    ? null
    : JSON.parse(Deno.readTextFileSync(options.compare));
  const print = options.json ? () => {} : (text: string) => console.log(text);
  const timer = await Timer.open();
  const { description } = timer.gpu.adapter;
  const driver = await driverVersion(description) ?? null;
  const named = options.peers === true ? peerNames : options.peers ?? [];
  const peers = named.map((name) => new Peer(name));
  const shapes = selected(options);
  let ceilings = await sampleCeilings(timer, { gflops: 0, gbytes: 0 });
  print(`${description}, ${driver ?? "driver unknown"}, Deno ${Deno.version.deno}`);
  const rows: Row[] = [];
  const before = earlierMs(earlier?.rows ?? []);
  for (const [i, selection] of shapes.entries()) {
    if (i % 5 === 4) ceilings = await sampleCeilings(timer, ceilings);
    console.error(`${i + 1} of ${shapes.length}: ${selection.name}`);
    rows.push(...await measure(timer, peers, selection, options));
  }
  ceilings = await sampleCeilings(timer, ceilings);
  timer.close();
  for (const row of rows) {
    row.fmaShare = row.gflops / ceilings.gflops;
    row.copyShare = row.gbytes / ceilings.gbytes;
  }
  print(`${ceilingsLine(ceilings)}\n${header(named)}`);
  for (const row of rows) print(line(row, named, before(row)));
  const steps: Step[] = [];
  const peerSteps: Result["peerSteps"] = {};
  if (options.steps) {
    for await (const step of timeSteps(options)) {
      steps.push(step);
      print(stepLine(step));
    }
    for (const peer of peers) {
      if (!options.filter.test("step micro search quick")) break;
      const compared = await compareStep(peer);
      peerSteps[peer.name] = compared;
      print(peerStepLine(peer.name, compared));
    }
  }
  await Promise.all(peers.map((peer) => peer.close()));
  const geomean: Result["geomean"] = {};
  for (const name of named) geomean[name] = means(rows, peerMs(name));
  if (earlier) geomean.before = means(rows, before);
  print(meansTable(geomean));
  const result: Result = {
    adapter: { description, driver },
    deno: Deno.version.deno,
    ceilings,
    rows,
    steps,
    peerSteps,
    geomean,
  };
  const text = JSON.stringify(result, null, 2);
  if (options.json) console.log(text);
  if (options.save !== undefined) Deno.writeTextFileSync(options.save, text + "\n");
}

function peerList(text: string): PeerName[] {
  return text.split(",").map((name) => {
    const known = peerNames.find((p) => p === name);
    if (!known) throw new InvalidArgumentError(`One of ${peerNames.join(", ")} is expected.`);
    return known;
  });
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch {
    throw new InvalidArgumentError("A regular expression is expected.");
  }
}

if (import.meta.main) {
  await new Command("bench")
    .description("Time the ops of real training steps, and whole steps.")
    .option("--preset <name>", "whose shapes: quick, paper or all", "quick")
    .option("--filter <pattern>", "only shapes whose name matches", pattern, /(?:)/)
    .option("--top <n>", "only so many shapes, the weightiest", whole)
    .option("--rounds <n>", "how often implementations take turns", whole, 3)
    .option("--samples <n>", "samples per turn; the fastest of all counts", whole, 3)
    .option("--peers [names]", `beside ${peerNames.join(", ")} (a list, default all)`, peerList)
    .option("--no-steps", "leave out whole steps")
    .option("--save <file>", "keep the figures")
    .option("--compare <file>", "ratios to figures that were kept")
    .option("--json", "print the figures as JSON")
    .action(main)
    .parseAsync(["deno", "bench", ...Deno.args]);
  Deno.exit();
}
