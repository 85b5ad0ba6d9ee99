/** `denas animate`: the best architecture over the epochs of a search, moving. */
import { basename, join } from "@std/path";
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import type { Frame } from "../run/drawing/animation.ts";
import type { History } from "../run/history.ts";
import { number, whole } from "./options.ts";
import { fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { counted, percent, print, printError } from "./terminal.ts";

interface AnimateOptions {
  out?: string;
  every: number;
  fps: number;
  png: boolean;
  runs: string;
}

export function addAnimate(program: Command): void {
  program.command("animate")
    .argument("<run>", "folder of a search, or its name")
    .description("Show the best architecture over the epochs: animated SVG, pictures, video.")
    .option("--out <folder>", "where to write; by default RUN/animation")
    .option("--every <n>", "show every n-th epoch, and the last", whole, 1)
    .option("--fps <n>", "epochs per second", number, 2)
    .option("--no-png", "write the animated SVG only")
    .option("--runs <folder>", "folder of all runs", "runs")
    .addHelpText(
      "after",
      `
Writes animation.svg (open it in a browser), frame_0001.png … and, where ffmpeg is installed,
animation.mp4. A frame is the best candidate of an epoch; the last is the winner.

Examples:
  $ denas animate 2026-01-31-micro-1
  $ denas animate runs/2026-01-31-macro-1 --every 10 --fps 5`,
    ).action((run: string, options: AnimateOptions) => writeAnimation(run, options));
}

async function writeAnimation(run: string, options: AnimateOptions): Promise<void> {
  const [{ readHistory }, { animate }, { writeAtomic }] = await Promise.all([
    import("../run/read_history.ts"),
    import("../run/drawing/animation.ts"),
    import("../run/files.ts"),
  ]);
  const { every, fps } = options;
  if (every < 1 || fps <= 0) {
    throw new UsageError(
      `Cannot animate ${run}: --every is ${every} and --fps ${fps}, expected at least 1 and more than 0`,
    );
  }
  const folder = runPath(run, options.runs);
  const history = readHistory(folder);
  if (history.torn) printError(`note: ${history.torn}`);
  const frames = await framesOf(history, every, run);
  const { animated, stills } = await animate(frames, {
    title: basename(folder),
    secondsPerFrame: 1 / fps,
  });
  const out = options.out === undefined ? join(folder, "animation") : fromHere(options.out);
  Deno.mkdirSync(out, { recursive: true });
  const svg = join(out, "animation.svg");
  writeAtomic(svg, animated);
  print(`${shortPath(svg)}  ${counted(frames.length, "frame")}`);
  if (options.png) await writeStills(stills, out, fps);
}

async function writeStills(stills: readonly string[], out: string, fps: number): Promise<void> {
  const [{ toPng }, { makeVideo }, { writeAtomic }] = await Promise.all([
    import("../run/drawing/files.ts"),
    import("../run/video.ts"),
    import("../run/files.ts"),
  ]);
  removeStills(out);
  for (const [f, still] of stills.entries()) {
    const name = `frame_${String(f + 1).padStart(4, "0")}.png`;
    writeAtomic(join(out, name), await toPng(still));
  }
  print(`${shortPath(join(out, "frame_0001.png"))} …  ${counted(stills.length, "picture")}`);
  const video = join(out, "animation.mp4");
  if (await makeVideo(join(out, "frame_%04d.png"), fps, video)) print(shortPath(video));
  else printError("note: no video, for ffmpeg was not found");
}

/** Pictures of an earlier call, which may have been more. */
function removeStills(out: string): void {
  for (const { name } of Deno.readDirSync(out)) {
    if (/^frame_\d{4,}\.png$/.test(name)) Deno.removeSync(join(out, name));
  }
}

/** Scores of single epochs are those with the shared weights of that epoch. */
async function framesOf(history: History, every: number, run: string): Promise<Frame[]> {
  const { bestOfEpochs, spaceOf } = await import("../run/history.ts");
  if (history.start.command !== "search") {
    throw new UsageError(`Cannot animate ${run}: it is a retraining, expected a search`);
  }
  const best = bestOfEpochs(history);
  if (best.length === 0) {
    throw new UsageError(
      `Cannot animate ${run}: no candidate was scored in it yet, expected a search after its ` +
        `first epoch`,
    );
  }
  const space = spaceOf(history);
  const draw = (choice: readonly number[]) => space.graphs(space.decode(choice));
  const { epochs } = history.start;
  const frames: Frame[] = best
    .filter(({ epoch }, i) => (epoch - 1) % every === 0 || i === best.length - 1)
    .map(({ epoch, trial: { choice, score } }) => ({
      graphs: draw(choice),
      caption: `epoch ${epoch} of ${epochs} · best candidate ${percent(score)} with shared weights`,
      score,
    }));
  const { done } = history;
  if (done?.choice && done.score !== undefined) {
    frames.push({
      graphs: draw(done.choice),
      caption: `winner · ${percent(done.score)} with shared weights, on the selection images`,
      score: done.score,
    });
  }
  return frames;
}
