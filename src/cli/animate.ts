/** `denas animate`: an animation of the best architecture over the epochs of a search. */
import { basename, join } from "@std/path";
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import type { Frame } from "../run/drawing/animation.ts";
import type { History } from "../run/history.ts";
import { number, whole } from "./option_values.ts";
import { addArchOptions, type ArchOptions } from "./arch_options.ts";
import { besideFile, fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { counted, percent, print, printError, scoreText } from "./terminal.ts";

interface AnimateOptions extends ArchOptions {
  out?: string;
  every: number;
  fps: number;
  png: boolean;
  runs: string;
}

export function addAnimate(program: Command): void {
  const command = program.command("animate")
    .argument("<run>", "folder of a search, or its name; a log of ENAS, or a list of architectures")
    .description("Show the best architecture over the epochs: animated SVG, pictures, video.")
    .option("--out <folder>", "where to write; by default RUN/animation, or FILE-animation")
    .option("--every <n>", "show every n-th epoch, and the last", whole, 1)
    .option("--fps <n>", "epochs per second", number, 2)
    .option("--no-png", "write the animated SVG only")
    .option("--runs <folder>", "folder of all runs", "runs");
  addArchOptions(command)
    .addHelpText(
      "after",
      `
Writes animation.svg (open it in a browser), frame_0001.png … and, where ffmpeg is installed,
animation.mp4. A frame is the best candidate of an epoch; the last is the winner. Of a list each
architecture is a frame.

Examples:
  $ denas animate 2026-01-31-micro-1
  $ denas animate runs/2026-01-31-macro-1 --every 10 --fps 5
  $ denas animate outputs/stdout --every 25 --fps 3        what the released ENAS code printed
  $ denas animate arc_string_output.txt`,
    ).action((run: string, options: AnimateOptions) => writeAnimation(run, options));
}

async function writeAnimation(run: string, options: AnimateOptions): Promise<void> {
  const [{ animate }, { writeAtomic }] = await Promise.all([
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
  const { history, out: usualOut } = await readAny(folder, options);
  const frames = await framesOf(history, every, run);
  const { animated, stills } = await animate(frames, {
    title: basename(folder),
    secondsPerFrame: 1 / fps,
  });
  const out = options.out === undefined ? usualOut : fromHere(options.out);
  Deno.mkdirSync(out, { recursive: true });
  const svg = join(out, "animation.svg");
  writeAtomic(svg, animated);
  print(`${shortPath(svg)}  ${counted(frames.length, "frame")}`);
  if (options.png) await writeStills(stills, out, fps);
}

/** Reads the history of a run, a log or a list, and where its animation is written to. */
async function readAny(
  path: string,
  { space, archFormat: numbering }: ArchOptions,
): Promise<{ history: History; out: string }> {
  const { isForeign, readForeignHistory } = await import("../run/foreign_history.ts");
  if (isForeign(path)) {
    const { history, problems } = readForeignHistory(path, { space, numbering });
    for (const problem of problems) printError(`warning: ${shortPath(path)}: ${problem}`);
    return { history, out: besideFile(path, "-animation") };
  }
  const { readHistory } = await import("../run/read_history.ts");
  const history = readHistory(path);
  if (history.torn) printError(`note: ${history.torn}`);
  return { history, out: join(path, "animation") };
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

/** Removes the pictures of an earlier call, which may have been more. */
function removeStills(out: string): void {
  for (const { name } of Deno.readDirSync(out)) {
    if (/^frame_\d{4,}\.png$/.test(name)) Deno.removeSync(join(out, name));
  }
}

/** Epoch scores are those with the shared weights of that epoch. */
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
  const draw = (choice: readonly number[]) => space.picture(space.decode(choice));
  const { start, start: { epochs }, foreign } = history;
  const scored = (score: number) =>
    start.score
      ? `${scoreText(score, start.score.unit)}, ${start.score.label}`
      : `${percent(score)} with shared weights`;
  const captionOf = (epoch: number, score: number) =>
    foreign?.scored === false
      ? `architecture ${epoch} of ${epochs}`
      : `epoch ${epoch} of ${epochs} · best candidate ${scored(score)}`;
  const frames: Frame[] = best
    .filter(({ epoch }, i) => (epoch - 1) % every === 0 || i === best.length - 1)
    .map(({ epoch, trial: { choice, score } }) => ({
      graphs: draw(choice),
      caption: captionOf(epoch, score),
      score,
    }));
  const { done } = history;
  if (done?.choice && done.score !== undefined) {
    frames.push({
      graphs: draw(done.choice),
      caption: `winner · ${scored(done.score)}${start.score ? "" : ", on the selection images"}`,
      score: done.score,
    });
  }
  return frames;
}
