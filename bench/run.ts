/**
 * `deno task bench`: times the ops of real steps, and whole steps, against the adapter's ceilings and other
 * libraries. docs/performance.md explains the output.
 */
import { InvalidArgumentError } from "commander";
import { DenasCommand } from "../src/cli/denas_command.ts";
import { driverVersion } from "../src/run/driver.ts";
import { whole } from "../src/cli/option_values.ts";
import { Gpu, Stopwatch } from "../src/gpu/mod.ts";
import { type Ceilings, noCeilings, sampleCeilings } from "./ceilings.ts";
import {
  type Contest,
  contest,
  earlierMs,
  type Mean,
  means,
  peerMs,
  type Row,
  type Slower,
  slowerThan,
} from "./compare.ts";
import { measure, type Measured, rowOf, selected, type Selecting } from "./measure.ts";
import { fetchedPeers, onWebGpu, Peer, type PeerName, peerNames } from "./peers/mod.ts";
import { runProgram } from "./program.ts";
import { ceilingsLine, contestLines, header, line, meansTable } from "./report.ts";
import {
  compareStep,
  type PeerStep,
  peerStepLine,
  type Step,
  stepLine,
  timeSteps,
} from "./steps.ts";
import { type Summary, summaryOf, summaryTable } from "./summary.ts";

interface Options extends Selecting {
  rounds: number;
  samples: number;
  busy?: boolean;
  /** No other shape or step is begun after so many. */
  seconds?: number;
  peers?: true | PeerName[];
  steps: boolean;
  save?: string;
  compare?: string;
  json?: boolean;
}

/** Result that `--save` writes and `--json` prints. */
interface Result {
  adapter: { description: string; driver: string | null };
  deno: string;
  ceilings: Ceilings;
  rows: Row[];
  steps: Step[];
  peerSteps: Record<string, PeerStep | { unable: string }>;
  /** Mean ratios of times, by peer, or by "before" for `--compare`. */
  geomean: Record<string, Partial<Record<string, Mean>>>;
  /** Summary by op and pass. */
  summary: Summary;
  contests: Record<string, Contest>;
  /** Passes in which a WebGPU library is faster. */
  slower: Slower[];
}

/** Whether the time of `--seconds` is over; the process began at 0. */
const over = ({ seconds = Infinity }: Options) => performance.now() > 1000 * seconds;

/** Times the selected shapes, and samples the ceilings in between. */
async function timeShapes(options: Options, peers: readonly Peer[]) {
  const gpu = await Gpu.open({ timestamps: true });
  const watch = await Stopwatch.start(gpu);
  let ceilings = await sampleCeilings(gpu, watch, noCeilings);
  const shapes = selected(options);
  const measured: Measured[] = [];
  for (const [i, selection] of shapes.entries()) {
    if (over(options)) break;
    if (i % 5 === 4) ceilings = await sampleCeilings(gpu, watch, ceilings);
    console.error(`${i + 1} of ${shapes.length}: ${selection.name}`);
    measured.push(...await measure({ ...options, gpu, watch, peers }, selection));
  }
  ceilings = await sampleCeilings(gpu, watch, ceilings);
  await watch.stop();
  const { description } = gpu.adapter;
  gpu.close();
  return { description, ceilings, rows: measured.map((m) => rowOf(m, ceilings)) };
}

async function main(options: Options): Promise<void> {
  const earlier: Result | null = options.compare === undefined
    ? null
    : JSON.parse(Deno.readTextFileSync(options.compare));
  const print = options.json ? () => {} : (text: string) => console.log(text);
  const named = options.peers === true ? fetchedPeers : options.peers ?? [];
  const peers = named.map((name) => new Peer(name));
  const { description, ceilings, rows } = await timeShapes(options, peers);
  const driver = driverVersion(description);
  const before = earlierMs(earlier?.rows ?? []);
  print(`${description}, ${driver ?? "driver unknown"}, Deno ${Deno.version.deno}`);
  print(`${ceilingsLine(ceilings)}\n${header(named)}`);
  for (const row of rows) print(line(row, named, before(row)));
  const steps: Step[] = [];
  const peerSteps: Result["peerSteps"] = {};
  if (options.steps && !over(options)) {
    for await (const step of timeSteps(options)) {
      steps.push(step);
      print(stepLine(step));
      if (over(options)) break;
    }
    for (const peer of peers) {
      if (over(options) || !options.filter.test("step micro search quick")) break;
      const compared = await compareStep(peer);
      peerSteps[peer.name] = compared;
      print(peerStepLine(peer.name, compared));
    }
  }
  await Promise.all(peers.map((peer) => peer.close()));
  const geomean: Result["geomean"] = {};
  for (const name of named) geomean[name] = means(rows, peerMs(name));
  if (earlier) geomean.before = means(rows, before);
  const contests = Object.fromEntries(named.map((name) => [name, contest(rows, peerMs(name))]));
  const slower = slowerThan(named.filter((name) => onWebGpu.includes(name)), rows);
  print(summaryTable(rows));
  if (named.length || earlier) print(meansTable(geomean));
  if (named.length) print(contestLines(contests, slower));
  const result: Result = {
    adapter: { description, driver },
    deno: Deno.version.deno,
    ceilings,
    ...{ rows, steps, peerSteps, geomean },
    ...{ summary: summaryOf(rows), contests, slower },
  };
  const text = JSON.stringify(result, null, 2);
  if (options.json) console.log(text);
  if (options.save !== undefined) Deno.writeTextFileSync(options.save, text + "\n");
}

function peerList(text: string): PeerName[] {
  return text.split(",").map((name) => {
    const known = peerNames.find((p) => p === name);
    if (!known) throw new InvalidArgumentError(`one of ${peerNames.join(", ")}`);
    return known;
  });
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch {
    throw new InvalidArgumentError("a regular expression");
  }
}

if (import.meta.main) {
  const program = new DenasCommand("bench")
    .description("Time the ops of real training steps, and whole steps.")
    .option("--preset <name>", "whose shapes: quick, paper or all", "quick")
    .option("--filter <pattern>", "only shapes whose name matches", pattern, /(?:)/)
    .option("--top <n>", "only so many shapes, the weightiest", whole)
    .option("--rounds <n>", "how often implementations take turns", whole, 3)
    .option("--samples <n>", "samples per turn; the fastest of all counts", whole, 3)
    .option(
      "--peers [names]",
      `beside ${peerNames.join(", ")} (a list; default ${fetchedPeers.join(", ")})`,
      peerList,
    )
    .option("--busy", "how busy a software adapter's threads are, too: half a second per pass")
    .option("--seconds <n>", "begin nothing else after so many seconds", whole)
    .option("--no-steps", "leave out whole steps")
    .option("--save <file>", "keep the figures")
    .option("--compare <file>", "ratios to figures that were kept")
    .option("--json", "print the figures as JSON")
    .action(main);
  await runProgram(program);
  Deno.exit();
}
