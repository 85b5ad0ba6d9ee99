/**
 * Series files of a run, as nnabla's monitors write them: one `index value` per line. Training figures are
 * counted in steps, others in epochs. `Test-accuracy` holds the result at the end of a retraining, at its
 * last epoch. It has a point for each epoch only if the run was asked to test in every epoch.
 */
import { join } from "@std/path";
import type { RunEvent } from "../nas/events.ts";
import { LineFile, requireFolder } from "./files.ts";

type Point = [series: string, index: number, value: number];

export class Monitor {
  readonly #series = new Map<string, Series>();
  #epoch = 0;

  /** @param earlier events of the run before this process: files are rewritten from the start. */
  constructor(private readonly folder: string, earlier: readonly RunEvent[] = []) {
    requireFolder(folder);
    for (const event of earlier) this.show(event);
  }

  show(event: RunEvent): void {
    if (event.type === "epoch") this.#epoch = event.epoch;
    for (const [name, index, value] of pointsOf(event, this.#epoch)) {
      let series = this.#series.get(name);
      if (!series) {
        series = new Series(join(this.folder, `${name}.series.txt`));
        this.#series.set(name, series);
      }
      series.add(index, value);
    }
  }

  close(): void {
    for (const series of this.#series.values()) series.close();
    this.#series.clear();
  }
}

const accuracies = (epoch: number, values: Record<string, number | undefined>): Point[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, epoch, value]]
  );

/** Points of an event. @param epoch number of finished epochs. */
function pointsOf(event: RunEvent, epoch: number): Point[] {
  switch (event.type) {
    case "step":
      return [
        ["Training-loss", event.step, event.loss],
        ["Training-accuracy", event.step, event.trainAccuracy],
      ];
    case "epoch":
      return accuracies(event.epoch, {
        "Validation-accuracy": event.validAccuracy,
        "Policy-accuracy": event.policyAccuracy,
        "Test-accuracy": event.testAccuracy,
      });
    case "done":
      return accuracies(epoch, { "Test-accuracy": event.testAccuracy });
    default:
      return [];
  }
}

/** One file. A resumed run repeats a few points, which then replace the old ones. */
class Series {
  #file: LineFile;
  readonly #points: { index: number; end: number }[] = [];

  constructor(private readonly path: string) {
    this.#file = new LineFile(path, 0);
  }

  add(index: number, value: number): void {
    if ((this.#points.at(-1)?.index ?? -1) >= index) this.#cut(index);
    this.#file.append(`${index} ${value}`);
    this.#points.push({ index, end: this.#file.size });
  }

  #cut(index: number): void {
    while ((this.#points.at(-1)?.index ?? -1) >= index) this.#points.pop();
    this.#file.close();
    this.#file = new LineFile(this.path, this.#points.at(-1)?.end ?? 0);
  }

  close(): void {
    this.#file.close();
  }
}
