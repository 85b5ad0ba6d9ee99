import { join } from "@std/path";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { hostFiles } from "../../src/data/files.ts";
import { readWhole } from "../../src/data/file_source.ts";
import { loadDataSet } from "../../src/data/load.ts";
import { parsePickle } from "../../src/data/pickle.ts";
import { inFolder } from "./make.ts";

/** Batches of five images written by Python's pickle in several protocols; byte i of the data is i mod 251. */
const fixtures = join(import.meta.dirname!, "fixtures", "imagenet16");
const layouts = ["protocol2", "protocol3", "protocol4", "protocol5", "python2"];

async function published(dir: string, layout: string): Promise<string> {
  const folder = join(dir, "ImageNet16");
  await Deno.mkdir(folder, { recursive: true });
  for (let k = 1; k <= 10; k++) {
    await Deno.copyFile(
      join(fixtures, `${layout}.gz`),
      join(folder, `train_data_batch_${k}`),
    );
  }
  await Deno.copyFile(join(fixtures, `${layout}.gz`), join(folder, "val_data"));
  return dir;
}

for (const layout of layouts) {
  Deno.test(`ImageNet16-120 is read from batches of ${layout}`, () =>
    inFolder(async (dir) => {
      const data = await loadDataSet("imagenet16-120", {
        cacheDir: join(dir, "cache"),
        dataDir: await published(dir, layout),
        splits: "search",
        seed: 1,
      });
      assertEquals(data.image, [16, 16, 3]);
      assertEquals(data.classes.length, 120);
      // Of labels 1, 120, 121, 7, 1000 three are among the first 120 classes.
      assertEquals([data.train.n, data.valid.n, data.testCount], [30, 1, 2]);
      assertEquals([...data.train.labels.subarray(0, 3)], [0, 119, 6]);
      const byte = (image: number, c: number, p: number) => (image * 768 + c * 256 + p) % 251;
      for (const [k, image] of [0, 1, 3].entries()) {
        for (const [c, p] of [[0, 0], [1, 7], [2, 255]]) {
          assertEquals(data.train.pixels[k * 768 + 3 * p + c], byte(image, c, p));
        }
      }
      assertEquals(data.mean[0], 122.68 / 255);
      assert(data.notes.some((note) => note.includes("imagenet-16-120-test-split.txt")));
    }));
}

Deno.test("a pickle that names a command is refused, not executed", async () => {
  const path = join(fixtures, "command.gz");
  const bytes = await readWhole(hostFiles, path);
  assertThrows(() => parsePickle(bytes, path), /Cannot read .*it names posix\.system/);
});

Deno.test("cut and foreign pickles are named", async () => {
  const bytes = await readWhole(hostFiles, join(fixtures, "protocol4.gz"));
  for (const end of [0, 1, 30, 700, bytes.length - 1]) {
    assertThrows(() => parsePickle(bytes.subarray(0, end), "cut"), /^Cannot read cut: .*; fetch/);
  }
});

Deno.test("without the batches the search ends with the places and the way to get them", () =>
  inFolder(async (dir) => {
    await assertRejects(
      () =>
        loadDataSet("imagenet16-120", { cacheDir: join(dir, "cache"), splits: "search", seed: 1 }),
      /looked in .*imagenet16-120.*--data-dir/,
    );
  }));
