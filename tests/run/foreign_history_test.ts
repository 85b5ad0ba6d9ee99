/** Logs and lists of other programs as histories, for the pictures and curves that runs have. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { plotRun } from "../../src/run/drawing/run_plot.ts";
import { extract, extractedFiles } from "../../src/run/extract.ts";
import { isForeign, readForeignHistory } from "../../src/run/foreign_history.ts";
import { bestOfEpochs, spaceOf } from "../../src/run/history.ts";
import { macroLog } from "../nas/forms/made_log.ts";

function file(text: string): string {
  const path = join(Deno.makeTempDirSync({ prefix: "denas-" }), "stdout");
  Deno.writeTextFileSync(path, text);
  return path;
}

Deno.test("a log has the curves of a search: scores, policy, training, entropy and rates", () => {
  const { history, problems } = readForeignHistory(file(macroLog));
  assertEquals(problems, []);
  const { start, trials, epochs, controllers, steps, foreign } = history;
  assertEquals([start.space, start.epochs, start.stepsPerEpoch], ["macro", 2, 352]);
  assertEquals(trials.map(({ epoch, score }) => [epoch, score]), [[0, 0.5062], [0, 0.625], [
    1,
    0.75,
  ]]);
  assertEquals(epochs.map((e) => [e.epoch, e.validAccuracy, e.trainAccuracy, e.loss]), [
    [1, 0.55, 12 / 128, 2.302585],
    [2, 0.61, 0.5, 1.5],
  ]);
  assertEquals(controllers.map(({ epoch, entropy }) => [epoch, entropy]), [[0, 7.23]]);
  assertEquals(steps.map(({ step, learningRate }) => [step, learningRate]), [[50, 0.05], [
    400,
    0.05,
  ]]);
  assertEquals(foreign, { tests: [[1, 0.5411], [2, 0.6]], scored: true });
  assertEquals(bestOfEpochs(history).map(({ trial }) => trial.choice), [
    [0, 3, 1, 5, 1, 1],
    [0, 3, 1, 5, 1, 1],
  ]);
  spaceOf(history).decode(trials[0].choice);
  const svg = plotRun(history, "stdout");
  for (const words of ["policy, validation", "policy, test", "Entropy", "Learning rate"]) {
    assert(svg.includes(words), words);
  }
  assert(!/NaN|Infinity/.test(svg));
});

Deno.test("what a log lacks is no point of a curve", () => {
  const only = macroLog.split("\n").filter((line) => !/ch_step|ctrl_step|Eval at/.test(line));
  const { history } = readForeignHistory(file(only.join("\n")));
  const svg = plotRun(history, "stdout");
  assert(!/NaN|Infinity/.test(svg));
  assert(!svg.includes("Learning rate") && svg.includes("policy, test"));
});

Deno.test("the log of a final training has accuracies alone", () => {
  const text = "Epoch 1: Eval\nvalid_accuracy: 0.5000\ntest_accuracy: 0.4000\n";
  const { history } = readForeignHistory(file(text));
  assertEquals([history.start.command, history.trials.length], ["retrain", 0]);
  assert(plotRun(history, "stdout").includes("Accuracy"));
});

Deno.test("a list has no scores; what is of another kind or fits no space is left out", () => {
  const { history, problems } = readForeignHistory(
    file("0 3 1 5 1 1\n1 4 0 2 0 1\n0 0 0 0 0 0 0 0 0 0\n9 0 0 0 0 0\n"),
  );
  assertEquals(history.trials.map(({ epoch }) => epoch), [0, 1]);
  assertEquals(problems, [
    "line 3: an architecture was left out: it is macro of 10 choices, most others are macro of 6 choices",
    "line 4: an architecture was left out: layer 0, operation: got 9, expected 0 … 5",
  ]);
  const svg = plotRun(history, "list");
  assert(svg.includes("architectures") && svg.includes("Operations"));
  assert(!svg.includes("best so far"));
});

Deno.test("events and folders are no files of other programs, and what is neither is refused", () => {
  const events = file('{"seq":0}\n');
  assertEquals([isForeign(events), isForeign("/nowhere"), isForeign("/")], [false, false, false]);
  assertEquals(isForeign(file(macroLog)), true);
  assertThrows(() => readForeignHistory(file("nothing\n")), /expected the log of an ENAS run, or/);
  assertThrows(() => readForeignHistory("/nowhere"), /^Cannot read \/nowhere: /);
});

/** The numbers of a one-dimensional float64 array of NumPy. */
function numbersOf(npy: string | Uint8Array): number[] {
  assert(npy instanceof Uint8Array);
  assertEquals([...npy.subarray(0, 8)], [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  const header = new DataView(npy.buffer, npy.byteOffset).getUint16(8, true);
  assertEquals((10 + header) % 64, 0);
  const text = new TextDecoder().decode(npy.subarray(10, 10 + header));
  const shape = /'descr': ?'<f8'.*'fortran_order': ?False.*'shape': ?\((\d+),\)/.exec(text);
  const values = new Float64Array(npy.slice(10 + header).buffer);
  assertEquals(Number(shape?.[1]), values.length);
  return [...values];
}

Deno.test("extracted files are those of extractArcString.py", () => {
  const files = extractedFiles(extract(file(macroLog)));
  assertEquals(files["arc_string_output.txt"], "1\n4 0\n2 0 1\n0\n3 1\n5 1 1\n0\n3 1\n5 1 1\n");
  assertEquals(numbersOf(files["valid_accuracy_array.npy"]), [0.55, 0.61]);
  assertEquals(numbersOf(files["test_accuracy_array.npy"]), [0.5411, 0.6]);
  // They can be drawn again.
  const again = readForeignHistory(file(String(files["arc_string_output.txt"])));
  assertEquals(again.history.trials.length, 3);
  const none = extractedFiles(extract(file("Epoch 1: Eval\nvalid_accuracy: 0.5000\n")));
  assertEquals(numbersOf(none["test_accuracy_array.npy"]), []);
});
