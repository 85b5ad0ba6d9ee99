/** Files that a run leaves and messages that it prints at its end. */
import { DataError, ExportError } from "../common/errors.ts";
import { type ArchFile, isArchFile, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import type { ScoreMeaning } from "../nas/evaluator.ts";
import { type Form, formOfName, readForm, writeForm } from "../nas/arch_formats/mod.ts";
import { evaluators } from "../nas/registry.ts";
import { pictureOf } from "../nas/config/final_config.ts";
import { drawSvg, drawText } from "../run/draw.ts";
import { writeAtomic } from "../run/files.ts";
import type { RunFolder } from "../run/folder.ts";
import { ONNX } from "../run/network.ts";
import type { DoneEvent } from "../run/record.ts";
import { commandName, quoteWord, shortPath } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { bytes, counted, duration, percent, print, scoreText, table } from "./terminal.ts";

export interface Result {
  folder: RunFolder;
  done: DoneEvent;
  /** Search: where the winner is copied to. Retrain: the architecture file that was trained. */
  out: string;
  /** Print no text on stdout, which has the events. */
  quiet: boolean;
}

/** Copies the winner to where the next command looks for it, and prints it. */
export async function finishSearch(
  config: SearchConfig,
  { folder, done, out, quiet }: Result,
  progress: Progress,
): Promise<void> {
  const text = folder.arch();
  const graphs = pictureOf(parseArchFile(text, `${folder.path}/arch.json`));
  await folder.put("arch.svg", await drawSvg(graphs));
  const problem = tryToPublish(text, out);
  const published = problem === null;
  if (!published) {
    progress.line(`note     ${problem}; the winner is in ${shortPath(folder.path)}/arch.json`);
  }
  if (quiet) return;
  const file = shortPath(published ? out : `${folder.path}/arch.json`);
  print(drawText(graphs));
  print(whatIsFound(done, folder.state.scores));
  if (done.front) printFront(config, done.front);
  const trained = ["lookup", "untrained"].includes(evaluators.get(config.evaluator.kind).cost)
    ? duration(done.seconds)
    : summary(done);
  print(`${counted(done.queries, "architecture")} scored, ${trained}`);
  if (done.spentEpochs) {
    const { trained, saved } = done.spentEpochs;
    print(`${trained} epochs of training, ${trained + saved} without inherited weights`);
  }
  print(`written to ${file}\n`);
  const preset = config.preset === "quick" ? "" : ` --preset ${config.preset}`;
  const { dataDir } = folder.state;
  const data = dataDir === undefined ? "" : ` --data-dir ${quoteWord(shortPath(dataDir))}`;
  const numbering = file.endsWith(".npy") ? " --arch-format nnabla" : "";
  const plugins = (config.plugins ?? []).map((path) => ` --plugin ${quoteWord(shortPath(path))}`);
  const options = `${numbering}${preset}${data}${plugins.join("")}`;
  print(`Next:\n  ${commandName()} retrain ${quoteWord(file)}${options}`);
}

/** Prints the Pareto front: a table of objectives. */
function printFront({ objectives }: SearchConfig, front: NonNullable<DoneEvent["front"]>): void {
  const names = ["trial", "score", ...objectives.map((name) => name.replace(/^-/, ""))];
  const rows = front.map((one) => [
    String(one.trial),
    // Minimised objectives are stored negated.
    ...one.objectives.map((v, i) =>
      String(Number((i > 0 && objectives[i - 1].startsWith("-") ? -v : v).toPrecision(6)))
    ),
  ]);
  const widths = names.map((name, c) => Math.max(name.length, ...rows.map((row) => row[c].length)));
  print(`\nPareto front, ${counted(front.length, "architecture")} (pareto.json):`);
  for (const row of [names, ...rows]) {
    print(`  ${row.map((cell, c) => cell.padStart(widths[c])).join("  ")}`);
  }
  print("");
}

/** The winner's score, and what it means. */
function whatIsFound({ score = 0, report }: DoneEvent, meaning?: ScoreMeaning): string {
  const { label = "score", unit, comparable = true } = meaning ?? {};
  if (report) {
    return `found by   ${scoreText(score, unit)} ${report.objective}\n` +
      `report     ${scoreText(report.value, report.unit)} ${report.metric}`;
  }
  if (comparable) return `${label} ${scoreText(score, unit)}`;
  return `${label} ${scoreText(score, unit)}, which ranks architectures; retrain for its own`;
}

/** Prints the test results and exports the network as ONNX to the run's folder. */
export async function finishRetrain(
  arch: ArchFile,
  classes: readonly string[],
  { folder, done, quiet }: Result,
  progress: Progress,
): Promise<void> {
  const graphs = pictureOf(arch);
  await folder.put("arch.svg", await drawSvg(graphs));
  const problem = await tryToExport(folder);
  if (problem !== null) progress.line(`note     ${problem}; the run has no ${ONNX}`);
  if (quiet) return;
  print(drawText(graphs));
  if (done.confusion) print(confusionTable(classes, done.confusion) + "\n");
  if (done.multiLabel) print(multiLabelTable(classes, done.multiLabel) + "\n");
  if (done.perClassAccuracy) print(perClassTable(classes, done.perClassAccuracy) + "\n");
  if (done.validAccuracy !== undefined) print(`validation accuracy ${percent(done.validAccuracy)}`);
  if (done.testAccuracy !== undefined) {
    const what = done.multiLabel ? ", every label of an image right" : "";
    print(`test accuracy       ${percent(done.testAccuracy)}${what}`);
  }
  if (done.best) print(bestWeights(done.best));
  if (done.multiLabel) print(multiLabelSummary(done.multiLabel));
  print(`${summary(done)}`);
  const run = shortPath(folder.path);
  print(problem === null ? `network in ${run}/${ONNX}\n` : "");
  print(`Next:\n  ${commandName()} predict ${quoteWord(run)} PICTURE.jpg`);
}

/** Results of the best epoch's weights, and their file; the figures printed above are of the last weights. */
function bestWeights({ epoch, validAccuracy, testAccuracy }: NonNullable<DoneEvent["best"]>) {
  return `best validation     ${percent(validAccuracy)} after epoch ${epoch}; its weights, ` +
    `weights_best.safetensors: test accuracy ${percent(testAccuracy)}`;
}

/** Exports the network as ONNX. Returns null, or why it failed: the run itself is done. */
async function tryToExport(folder: RunFolder): Promise<string | null> {
  const { exportOnnx } = await import("../run/onnx/export.ts");
  try {
    await folder.put(ONNX, exportOnnx(folder.path));
    return null;
  } catch (error) {
    if (!(error instanceof DataError || error instanceof ExportError)) throw error;
    return error.message;
  }
}

/** Copies the winner. Returns null, or why it failed: the run is done and its folder has the winner. */
function tryToPublish(text: string, path: string): string | null {
  try {
    return publishArch(text, path)
      ? null
      : `${shortPath(path)} was not written by denas and stays as it is`;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return error.message;
  }
}

/**
 * Writes an architecture file, unless the path holds something that denas did not write.
 * @returns whether it was written.
 */
export function publishArch(text: string, path: string): boolean {
  let there: Uint8Array | undefined;
  try {
    there = Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return false;
  }
  const form = formOfName(path) ?? "arch";
  if (there !== undefined && !holdsArch(there, form)) return false;
  const numbering = numberingOf(form);
  const arch = parseArchFile(text, path);
  writeAtomic(path, form === "arch" ? text : writeForm(arch, form, numbering));
  return true;
}

/** NNabla reads arrays; the released scripts read text. */
const numberingOf = (form: Form) => form === "npy" ? "nnabla" : "original";

/** Whether the bytes are an architecture; only those are overwritten. */
function holdsArch(bytes: Uint8Array, form: Form): boolean {
  if (form === "arch") return isArchFile(new TextDecoder().decode(bytes));
  try {
    readForm(bytes, `.${form === "npy" ? "npy" : "txt"}`, { numbering: numberingOf(form) });
    return true;
  } catch {
    return false;
  }
}

function summary({ seconds, trainedImages, peakBytes }: DoneEvent): string {
  return `${counted(trainedImages, "image")} trained on, ${duration(seconds)}, ` +
    `at most ${bytes(peakBytes)} of GPU memory`;
}

export function perClassTable(classes: readonly string[], accuracy: readonly number[]): string {
  return table(["class", "accuracy"], accuracy.map((a, i) => [nameOf(classes, i), percent(a)]));
}

type MultiLabel = NonNullable<DoneEvent["multiLabel"]>;

/** Table with a row per class; a dash where a score is undefined. */
export function multiLabelTable(classes: readonly string[], scores: MultiLabel): string {
  return table(
    ["class", "images", "precision", "recall", "F1", "average precision"],
    scores.classes.map(({ positives, precision, recall, f1, averagePrecision }, i) => [
      nameOf(classes, i),
      String(positives),
      ...[precision, recall, f1, averagePrecision].map(share),
    ]),
  );
}

function multiLabelSummary({ constantMatch, meanAveragePrecision }: MultiLabel): string {
  return `constant answer     ${percent(constantMatch)} at best\n` +
    `mean avg. precision ${share(meanAveragePrecision)}`;
}

function share(value: number | null): string {
  return value === null ? "–" : percent(value);
}

/** Confusion matrix: rows are true classes, columns predictions, numbered to stay narrow. */
export function confusionTable(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
): string {
  const head = ["true \\ predicted", ...confusion.map((_, i) => String(i))];
  return table(
    head,
    confusion.map((row, i) => [`${i} ${nameOf(classes, i)}`, ...row.map((n) => String(n))]),
  );
}

function nameOf(classes: readonly string[], index: number): string {
  return classes[index] ?? `class ${index}`;
}
