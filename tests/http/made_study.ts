/** A study for a test: writes the file as `denas study` does, one trial at a time. */
import { join } from "@std/path";
import { notedAt, parseStudy } from "../../src/nas/study/definition.ts";
import type { StudyHead } from "../../src/nas/study/records.ts";
import { LineFile } from "../../src/run/files.ts";
import { lockStudy } from "../../src/run/study/lock.ts";

export interface MadeStudy extends Disposable {
  id: string;
  head: StudyHead;
  /** All trials, in the order in which they are written. */
  trials: { algorithm: number; trial: number; values: number[]; seconds: number }[];
  /** Writes trials until their number is `to`. */
  write(to: number): void;
}

/** Makes a study that counts as running until it is disposed of. */
export async function makeStudy(studies: string, id = "mine"): Promise<MadeStudy> {
  const folder = join(studies, id);
  Deno.mkdirSync(folder, { recursive: true });
  const file = join(folder, "study.ndjson");
  const unlock = await lockStudy(file);
  const lines = new LineFile(file);
  const head = madeHead();
  const { algorithms, trials: each, seed } = head.study;
  const trials = Array.from({ length: each }, (_, trial) =>
    algorithms.map((_, algorithm) => ({
      algorithm,
      trial,
      values: head.at.map((n) => 94 - 5 / n - algorithm + 0.1 * ((7 * trial + n) % 5)),
      seconds: 2 + 8 * algorithm,
    }))).flat();
  const write = (value: unknown) => lines.append(JSON.stringify(value));
  write(head);
  write({ type: "begin", time: new Date().toISOString(), workers: 2, trials: each });
  let written = 0;
  return {
    id,
    head,
    trials,
    write(to) {
      for (; written < to; written++) {
        const { trial } = trials[written];
        write({ type: "trial", task: 0, seed: seed + trial, best: "a", ...trials[written] });
      }
    },
    [Symbol.dispose]() {
      lines.close();
      unlock();
    },
  };
}

function madeHead(): StudyHead {
  const study = parseStudy({
    name: "main_experiments",
    algorithms: [
      { name: "evolution", strategy: "evolution", settings: { "strategy.population": 30 } },
      { name: "random", strategy: "random" },
    ],
    trials: 5,
  }, "made");
  return {
    type: "study",
    version: 1,
    study,
    tasks: [{
      table: "nb201.csv",
      space: "nasbench201",
      dataset: "cifar10",
      size: 15625,
      objective: "c10_val_12",
      report: "c10_test_200",
      label: "CIFAR-10 test accuracy after 200 epochs",
      unit: "%",
      best: 94.3733,
      sha256: "0".repeat(64),
    }],
    at: notedAt(study),
  };
}
