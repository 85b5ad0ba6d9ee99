/**
 * Runs the parts of a run on a graphics card one after the other and writes one JSON file. A part that fails
 * or exceeds its time is in it with its error; the others run all the same. The file is written anew after each
 * part, so that a run cut short leaves what it has.
 */
import { runProgram } from "../../bench/program.ts";
import { DenasCommand } from "../../src/cli/denas_command.ts";
import { numberAbove0 } from "../../src/cli/option_values.ts";
import { UsageError } from "../../src/common/errors.ts";

/** Test files that need an adapter and neither a browser nor a program beside Deno. */
export const testFiles = [
  ...["registry", "variants", "winograd", "offsets", "batch_norm", "concat", "depthwise_conv2d"]
    .map((name) => `tests/ops/${name}_test.ts`),
  ...["device", "kernel", "deferred_reduction"].map((name) => `tests/gpu/${name}_test.ts`),
];

export interface Part {
  name: string;
  /** Longest time, in seconds; all are shortened alike where they exceed the limit of the run. */
  seconds: number;
  /** @param seconds that the part gets. */
  args(seconds: number): string[];
  /** Figures in what it prints. */
  figures(stdout: string): unknown;
}

export interface Outcome {
  name: string;
  /** Null where it was stopped by a signal or not started. */
  exitCode: number | null;
  seconds: number;
  figures?: unknown;
  error?: string;
}

const deno = ["run", "-q", "-A", "--cached-only", "--no-prompt"];
const cli = [...deno, "cli.ts"];
const lastJson = (stdout: string): unknown => JSON.parse(stdout.trimEnd().split("\n").at(-1)!);

/** Counts of `deno test`, and the names of what failed. */
function tested(stdout: string) {
  // deno-lint-ignore no-control-regex -- colours of the reporter
  const text = stdout.replaceAll(/\x1b\[[\d;]*m/g, "");
  const [, passed, failed] = /(\d+) passed .*?\| (\d+) failed/.exec(text) ?? [];
  const names = [...text.matchAll(/^(.+?) \.\.\. FAILED/gm)].map(([, name]) => name);
  const done = [...text.matchAll(/ \.\.\. ok /g)].length;
  return { passed: Number(passed ?? done), failed: Number(failed ?? names.length), names };
}

function partsOf(data: string): Part[] {
  const bench = [...deno, "bench/run.ts", "--json"];
  // Compiling goes on for a while when the time for measuring is over.
  const tune = (...options: string[]) => (seconds: number) => [
    ...[...cli, "tune", "--json"],
    ...["--seconds", String(Math.ceil(0.7 * seconds)), ...options],
  ];
  const options = ["--mode", "micro", "--epochs", "1", "--data-dir", data, "--json"];
  const search = () => [...cli, "search", ...options];
  return [
    { name: "doctor", seconds: 60, args: () => [...cli, "doctor", "--json"], figures: lastJson },
    {
      name: "step quick",
      seconds: 120,
      args: () => [...bench, "--filter", "^step micro search"],
      figures: (text) => JSON.parse(text).steps,
    },
    {
      name: "step paper",
      seconds: 120,
      args: () => [...bench, "--filter", "^step micro search", "--preset", "paper"],
      figures: (text) => JSON.parse(text).steps,
    },
    { name: "tune", seconds: 100, args: tune(), figures: lastJson },
    { name: "search", seconds: 120, args: search, figures: lastJson },
    {
      name: "tests",
      seconds: 180,
      args: () => ["test", "-A", "--cached-only", "--no-check", ...testFiles],
      figures: tested,
    },
    {
      name: "bench",
      seconds: 180,
      args: (seconds) => [
        ...[...bench, "--no-steps", "--top", "60"],
        // The last shape takes its time, too.
        ...["--seconds", String(Math.ceil(0.8 * seconds))],
      ],
      figures: (text) => JSON.parse(text),
    },
    // Last, since what follows it uses the forms in float16 that were found fastest.
    {
      name: "tune float16",
      seconds: 100,
      args: tune("--again", "--float16"),
      figures: lastJson,
    },
    { name: "search float16", seconds: 120, args: search, figures: lastJson },
  ];
}

/** Runs one part for at most `seconds`. */
async function runPart({ name, args, figures }: Part, seconds: number): Promise<Outcome> {
  const start = performance.now();
  const took = () => Math.round((performance.now() - start) / 100) / 10;
  const signal = AbortSignal.timeout(seconds * 1000);
  const child = new Deno.Command(Deno.execPath(), {
    args: args(seconds),
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  signal.addEventListener("abort", () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // It has just ended.
    }
  });
  const { code, signal: killed, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const outcome: Outcome = { name, exitCode: killed ? null : code, seconds: took() };
  const errors: string[] = [];
  if (signal.aborted && killed) errors.push(`not done after ${seconds.toFixed(1)} s`);
  else if (killed) errors.push(`killed by ${killed}`);
  else if (code !== 0) errors.push(`exit code ${code}`);
  try {
    outcome.figures = figures(out);
  } catch (error) {
    errors.push(`no figures: ${(error as Error).message}`);
  }
  if (errors.length) outcome.error = [...errors, tail(err), tail(out)].join("\n");
  return outcome;
}

const tail = (text: string) => text.slice(-1500);

/** The output of NVIDIA's own tool about the cards; null where there is none. */
async function nvidiaSmi(): Promise<string | null> {
  const args = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
  try {
    const { stdout } = await new Deno.Command("nvidia-smi", { args }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

interface Report {
  date: string;
  deno: string;
  adapter: unknown;
  driver: unknown;
  nvidiaSmi: string | null;
  seconds: number;
  parts: Outcome[];
}

/**
 * Runs parts in their order and writes the report anew after each.
 * @param limit seconds for all together; a part that none are left for is in the report with that error.
 */
export async function runParts(
  parts: readonly Part[],
  { out, limit }: { out: string; limit: number },
): Promise<Report> {
  const start = performance.now();
  const spent = () => (performance.now() - start) / 1000;
  const report: Report = {
    date: new Date().toISOString(),
    deno: Deno.version.deno,
    adapter: null,
    driver: null,
    nvidiaSmi: await nvidiaSmi(),
    seconds: 0,
    parts: [],
  };
  for (const part of parts) {
    const left = parts.slice(report.parts.length).reduce((sum, { seconds }) => sum + seconds, 0);
    const seconds = part.seconds * Math.min(1, (limit - spent()) / left);
    console.error(`${part.name}: at most ${Math.max(0, seconds).toFixed(0)} s`);
    const outcome = seconds > 0
      ? await runPart(part, seconds)
      : { name: part.name, exitCode: null, seconds: 0, error: `no time left of ${limit} s` };
    const [said] = outcome.error?.split("\n") ?? ["ok"];
    console.error(`${part.name}: ${said}, ${outcome.seconds} s`);
    report.parts.push(outcome);
    if (part.name === "doctor" && !outcome.error) {
      const { adapter, driver } = outcome.figures as Record<string, unknown>;
      Object.assign(report, { adapter, driver });
    }
    report.seconds = Math.round(spent());
    await Deno.writeTextFile(out, JSON.stringify(report, null, 1) + "\n");
  }
  return report;
}

interface Options {
  out: string;
  data: string;
  limit: number;
  only?: string[];
}

async function main({ out, data, limit, only }: Options): Promise<void> {
  const all = partsOf(data);
  const unknown = only?.find((name) => !all.some((part) => part.name === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot run part ${unknown}: expected ${all.map(({ name }) => name).join(", ")}`,
    );
  }
  const parts = all.filter(({ name }) => only?.includes(name) ?? true);
  const report = await runParts(parts, { out, limit });
  Deno.exit(report.parts.every(({ error }) => !error) ? 0 : 1);
}

if (import.meta.main) {
  const program = new DenasCommand("run")
    .description("Run the parts and write one JSON file.")
    .option("--out <file>", "the file to write", "card.json")
    .option("--data <folder>", "folder with fashion-mnist", "data")
    .option("--limit <seconds>", "longest time of all parts together", numberAbove0, 570)
    .option("--only <parts>", "only these parts, separated by commas", (text) => text.split(","))
    .action(main);
  await runProgram(program);
}
