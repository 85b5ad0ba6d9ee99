/**
 * Writes a file in the format of NAS-Bench-101 with made-up accuracies, for all 423,624 cells with three
 * trainings each (like nasbench_only108.tfrecord), then reads it as `denas table` does and reports times and
 * memory:
 * deno run -A bench/nasbench101_file.ts [--cells 10000] [--keep FILE]
 */
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { places } from "../src/cli/paths.ts";
import { openNb101Cells } from "../src/nas/spaces/nasbench101_index.ts";
import type { Evaluation } from "../src/nas/tables/nasbench101_record.ts";
import { openTable } from "../src/nas/tables/mod.ts";
import { hash } from "../src/common/random.ts";
import { EPOCHS, writeNb101File } from "./made_nasbench101.ts";

const REPEATS = 3;

/** A made-up result, the same each time. */
function evaluation(cell: number, repeat: number, share: number): Evaluation {
  const noise = (i: number) => hash(cell, repeat, i, 0) / 2 ** 32;
  const good = 0.85 + 0.09 * (hash(cell, 0, 0, 1) / 2 ** 32);
  return {
    training_time: 1000 * share * (1 + noise(0)),
    train_accuracy: 1 - 0.05 * noise(1),
    validation_accuracy: share * (good + 0.005 * noise(2)),
    test_accuracy: share * (good - 0.005 * noise(3)),
  };
}

async function timed<T>(what: string, body: () => Promise<T>): Promise<T> {
  const before = Deno.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 20);
  const from = performance.now();
  const result = await body();
  const seconds = (performance.now() - from) / 1000;
  clearInterval(watch);
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  console.log(
    `${what}: ${seconds.toFixed(2)} s, ${mib(before)} → at most ${mib(most)} MiB resident`,
  );
  return result;
}

const { values } = parseArgs({ options: { cells: { type: "string" }, keep: { type: "string" } } });
const { cacheDir } = places();
const dir = await Deno.makeTempDir();
try {
  const cells = await timed(
    "cells, enumerated or from the cache",
    () => openNb101Cells({ cacheDir }),
  );
  const count = Number(values.cells ?? cells.size);
  const path = values.keep ?? join(dir, "made_up.tfrecord");
  const bytes = await timed(
    "written",
    () => writeNb101File(path, cells, { count, repeats: REPEATS, evaluation }),
  );
  console.log(`${count} cells × ${REPEATS} records, ${(bytes / 1e6).toFixed(0)} MB`);
  const imported = await timed("read for the first time", () => openTable(path, { cacheDir: dir }));
  imported.close();
  const table = await timed("opened again", () => openTable(path, { cacheDir: dir }));
  await timed("a column", () => Promise.resolve(table.column(`valid_${EPOCHS}`)));
  let wrong = 0;
  for (let cell = 0; cell < count; cell++) {
    const index = table.indexOf(cells.key(cell));
    const expected = evaluation(cell, 1, 1).validation_accuracy;
    if (table.column(`valid_${EPOCHS}_2`)[index] !== expected) wrong++;
    if (table.column("parameters")[index] !== 1_000_000 + cell) wrong++;
  }
  console.log(`${table.size} cells in the table, ${wrong} wrong values`);
  table.close();
  if (wrong > 0 || table.size !== count) Deno.exitCode = 1;
} finally {
  await Deno.remove(dir, { recursive: true });
}
