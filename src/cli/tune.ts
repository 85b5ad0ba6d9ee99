/** `denas tune`: finds the fastest kernel variants on this adapter. */
import { type Command, Option } from "commander";
import type { TuningReport } from "./tuning.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import type { OpPass } from "../nas/tuning/passes.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { tuningPath } from "../run/tuning.ts";
import { numberAbove0 } from "./option_values.ts";
import { lockFolder, places, shortPath } from "./paths.ts";
import { Progress, stderrScreen } from "./progress.ts";
import { onStop } from "./stopping.ts";
import { counted, duration, print, table } from "./terminal.ts";

interface TuneOptions {
  preset: string;
  mode?: string;
  seconds: number;
  adapter: SearchConfig["adapter"];
  again?: boolean;
  float16?: boolean;
  wait?: boolean;
  json?: boolean;
}

export function addTune(program: Command, finish: (code: number) => void): void {
  program.command("tune")
    .description("Time the forms that kernels have and keep which are the fastest on this adapter.")
    .option("--preset <name>", "whose networks to tune for", "quick")
    .option("--mode <space>", "micro or macro; both by default")
    .option("--seconds <n>", "longest time; what matters most comes first", numberAbove0, 60)
    .addOption(
      new Option("--adapter <kind>", "which adapter to open")
        .choices(["default", "high-performance", "low-power", "software"]).default("default"),
    )
    .option("--again", "measure anew what was measured before")
    .option("--float16", "also try forms that multiply in float16, which rounds coarsely")
    .option("--wait", "wait when a run has the adapter")
    .option("--json", "print the times as JSON")
    .addHelpText(
      "after",
      `
Searches and retrainings that begin afterwards on the same adapter, driver, Deno and denas use what was
found; those that have begun stay with what they have. Measure while the machine does nothing else.

Examples:
  $ denas tune
  $ denas tune --preset paper --mode micro --seconds 300
  $ denas search --mode micro --tune          what this search asks for and was not measured, then search`,
    ).action(async (options: TuneOptions) => finish(await run(options)));
}

async function run(options: TuneOptions): Promise<number> {
  const progress = new Progress(stderrScreen());
  const interrupt = onStop(() => progress.line("stopping: what was measured is kept"));
  const { signal } = interrupt;
  try {
    const [{ lockAdapter }, { Gpu }, tuning] = await Promise.all([
      import("../run/lock.ts"),
      import("../gpu/mod.ts"),
      import("./tuning.ts"),
    ]);
    const { adapter, seconds, wait, again = false, float16 } = options;
    const passes = await passesOf(options);
    const opened = await Gpu.open(tuning.openOptions(adapter));
    const { description } = opened.adapter;
    opened.close();
    const lock = await lockAdapter({
      folder: lockFolder(),
      adapter: description,
      run: 'of "tune"',
      wait,
      signal,
      onWait: (holder) => progress.line(`waiting for ${holder ? `run ${holder.run}` : "a run"}`),
    });
    try {
      const report = await tuning.measure({
        ...{ adapter, passes, seconds, signal, progress },
        ...{ again, float16 },
      });
      const path = tuningPath(places().cacheDir, description);
      print(options.json ? JSON.stringify({ ...report, path }) : tell(report, path));
    } finally {
      lock.release();
    }
    return 0;
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    return interruptedCode;
  } finally {
    progress.clear();
    interrupt.dispose();
  }
}

/** Passes of searching and retraining in the chosen spaces. */
async function passesOf({ preset, mode }: TuneOptions): Promise<OpPass[]> {
  const [{ resolveRetrainConfig, resolveSearchConfig }, passes] = await Promise.all([
    import("../nas/config/config.ts"),
    import("../nas/tuning/passes.ts"),
  ]);
  const modes = mode === undefined ? ["micro", "macro"] : [mode];
  return passes.merged(modes.flatMap((space) => {
    const search = resolveSearchConfig({ mode: space, preset });
    const retrain = resolveRetrainConfig({ space, preset });
    return [
      passes.passesOfSearch(search, passes.usualImages(search.data)),
      passes.passesOfRetrain(retrain, passes.usualImages(retrain.data)),
    ];
  }));
}

/** Text on the choices that differ from the defaults, and the time they save. */
function tell(
  { measured, known, left, leftShare, seconds, kept }: TuningReport,
  path: string,
): string {
  const share = percentOf(leftShare, 1);
  if (!kept) {
    const why = left
      ? `no time for ${counted(left, "kernel")} with ${share} of the work, --seconds gives it`
      : known
      ? `all ${known} kernels were before, --again does it anew`
      : "no kernel of these networks has a choice of forms";
    return `Nothing was measured: ${why}`;
  }
  const rest = left
    ? `; no time for ${left} more with ${share} of the work: --seconds gives it`
    : "";
  const changed = measured.filter(({ choice }) => choice.index > 0);
  const rows = changed.map(({ key, candidates, choice: { index }, before, after }) => [
    key,
    word(candidates[0]),
    word(candidates[index]),
    percentOf(after, before),
  ]);
  const sum = (pick: "before" | "after") => measured.reduce((all, one) => all + one[pick], 0);
  const together = percentOf(sum("after"), sum("before"));
  return [
    ...changed.length ? [table(["kernel", "by default", "tuned", "time"], rows), ""] : [],
    `${counted(measured.length, "kernel")} measured in ${duration(seconds)}${rest}`,
    `${changed.length} of them in another form than the default: together ${together} of their time`,
    `kept in ${shortPath(path)}`,
  ].join("\n");
}

const percentOf = (part: number, whole: number) => `${(100 * part / whole).toFixed(0)} %`;

const word = (candidate: unknown) =>
  typeof candidate === "string" ? candidate : JSON.stringify(candidate);
