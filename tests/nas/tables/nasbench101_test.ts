import assert from "node:assert/strict";
import { join } from "@std/path";
import { opName } from "../../../src/nas/spaces/nasbench101.ts";
import { enumerateCells, unpackDag } from "../../../src/nas/spaces/nasbench101_cells.ts";
import { archOfDag, nb101Hash, predecessors } from "../../../src/nas/spaces/nasbench101_arch.ts";
import { indexIn, metricOf, openTable, taskOf } from "../../../src/nas/tables/mod.ts";
import {
  decodeRecord,
  encodeRecord,
  type Nb101Record,
} from "../../../src/nas/tables/nasbench101_record.ts";
import { crc32c, frame, masked } from "../../../src/nas/tables/tfrecord.ts";
import { spaceAt } from "../child_config.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));

/** All cells of up to four vertices: 91. */
const seen = new Set<number>();
const dags = [2, 3, 4].flatMap((n) => [...enumerateCells(n, seen)].flat()).map(unpackDag);

const evaluation = (cell: number, repeat: number, share: number) => ({
  training_time: 1000 * share + repeat,
  train_accuracy: share,
  validation_accuracy: share * (0.8 + cell / 1000 + repeat / 1e5),
  test_accuracy: share * (0.7 + cell / 1000 + repeat / 1e5),
});

/** The record of a training; epochs of the first are those of the whole file. */
function record(cell: number, repeat: number, epochs = 108): Nb101Record {
  const dag = dags[cell];
  const into = predecessors(dag);
  return {
    hash: nb101Hash(dag),
    epochs,
    parameters: 1000 + cell,
    adjacency: dag.out.map((_, v) => dag.out.map((_, w) => into[w] >> v & 1).join("")).join(""),
    ops: dag.labels.map(opName).join(","),
    half: evaluation(cell, repeat, 0.5),
    final: evaluation(cell, repeat, 1),
  };
}

const whole: Nb101Record[] = [0, 1, 2].flatMap((repeat) =>
  dags.flatMap((_, cell) => [record(cell, repeat), record(cell, repeat, 12)])
);

let files = 0;
function write(data: (Nb101Record | Uint8Array)[]): string {
  const path = join(dir, `${files++}.tfrecord`);
  const frames = data.map((d) => frame(d instanceof Uint8Array ? d : encodeRecord(d)));
  Deno.writeFileSync(path, Uint8Array.from(frames.flatMap((f) => [...f])));
  return path;
}

const open = (path: string) => openTable(path, { cacheDir: join(dir, "cache") });

Deno.test("records carry the published sums", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  // RFC 3720, B.4: 32 bytes of zeros, of ones, ascending.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.deepEqual([0, 1, 0x8000].map(masked), [0xa282ead8, 0xa284ead8, 0xa282ead9]);
  // Every event file of TensorBoard begins like this: a record of 24 bytes.
  assert.equal(frame(new Uint8Array(24)).subarray(0, 12).toHex(), "1800000000000000a37f4b22");
});

Deno.test("a row of NAS-Bench-101 comes back from its bytes", () => {
  assert.deepEqual(decodeRecord(encodeRecord(whole[7])), whole[7]);
});

Deno.test("NAS-Bench-101 is read once, then opened from the cache", async () => {
  const path = write(whole);
  let steps = 0;
  const first = await openTable(path, {
    cacheDir: join(dir, "cache"),
    progress: () => void steps++,
  });
  assert.equal(steps, 2);
  first.close();
  const table = await open(path);
  assert.equal(table.size, 91);
  const space = spaceAt("nasbench101", { layers: 9, filters: 128 });
  const task = taskOf(table);
  assert.deepEqual([task.objective, task.report], ["valid_108", "test_108"]);
  assert.equal(
    metricOf(table, "valid_108_half").label,
    "CIFAR-10 validation accuracy after 54 of 108 epochs, mean of 3 trainings",
  );
  assert.equal(metricOf(table, "valid_12").epochs, 12);
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);
  dags.forEach((dag, cell) => {
    const arch = archOfDag(dag);
    const index = indexIn(table, space.key(arch));
    assert.equal(space.key(space.decode(table.choice(index))), table.key(index));
    near(table.column("valid_108")[index], 0.8 + cell / 1000 + 1e-5);
    near(table.column("valid_12_3")[index], 0.8 + cell / 1000 + 2e-5);
    near(table.column("test_108_half_1")[index], 0.5 * (0.7 + cell / 1000));
    near(table.column("seconds_108_half")[index], 501);
    assert.equal(table.column("parameters")[index], 1000 + cell);
  });
  assert.equal(table.indexOf("0".repeat(32)), -1);
  assert.throws(() => table.column("loss"), {
    name: "UsageError",
    message: /one of train_12, valid_12/,
  });
  table.close();
});

Deno.test("what is wrong in a file of NAS-Bench-101 is named with record and column", async () => {
  const good = whole[5];
  const json = (change: (row: unknown[]) => void) => {
    const row = JSON.parse(new TextDecoder().decode(encodeRecord(good)));
    change(row);
    return new TextEncoder().encode(JSON.stringify(row));
  };
  const bytes = Deno.readFileSync(write(whole));
  const file = (content: Uint8Array) => {
    const path = join(dir, `${files++}.tfrecord`);
    Deno.writeFileSync(path, content);
    return path;
  };
  const flipped = (at: number) => bytes.map((b, i) => i === at ? b ^ 1 : b);
  const cases: [string, RegExp][] = [
    [file(bytes.subarray(0, bytes.length - 5)), /record 546 at byte \d+: .*it is truncated/],
    [file(bytes.subarray(0, 5)), /record 1 at byte 0: the file ends after 5 of 12 bytes/],
    [file(new TextEncoder().encode("a,b\n1,2\n3,4\n5,6")), /record 1 .*expected a TFRecord file/],
    [file(flipped(100)), /record 1 at byte 0: the sum of its data is wrong/],
    [file(new Uint8Array(0)), /it holds no records/],
    [write([good, new TextEncoder().encode("\x0a\x03abc")]), /record 2: it is no JSON/],
    [write([json((row) => row.pop())]), /record 1: the row: .*5 items/],
    [write([json((row) => row[0] = "xyz")]), /record 1: column hash: expected the hash of a cell/],
    [write([json((row) => row[0] = "0".repeat(32))]), /column hash: got 0+, expected [0-9a-f]{32}/],
    [write([json((row) => row[2] = "01000")]), /column adjacency: got 5 bits, expected a square/],
    [write([json((row) => row[3] = "input,conv,output")]), /(got 3 operations|vertex 1 is "conv")/],
    [write([json((row) => row[4] = "AAAA")]), /record 1: column metrics/],
    [write(whole.slice(0, -1)), /cell [0-9a-f]{32} has 2 trainings of 12 epochs, expected 3/],
    [write([...whole, whole[0]]), /cell [0-9a-f]{32} has 4 trainings of 108 epochs, expected 3/],
    [
      write([...whole, { ...whole[0], parameters: 5 }]),
      /got 5 parameters for cell .* had 1000 before/,
    ],
  ];
  for (const [path, message] of cases) {
    await assert.rejects(open(path), { name: "DataError", message });
  }
  const left = [...Deno.readDirSync(join(dir, "cache", "nasbench101"))].map((e) => e.name);
  assert.ok(left.every((name) => !name.endsWith(".part")));
  await assert.rejects(open(join(dir, "none.tfrecord")), { message: /there is no such file/ });
  await assert.rejects(openTable(write(whole)), { name: "UsageError", message: /no cache folder/ });
});
