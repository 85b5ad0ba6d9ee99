import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Batch, Batches } from "../../src/data/batches.ts";
import type { Images } from "../../src/data/dataset.ts";
import { findDataSet } from "../../src/data/find.ts";
import { loadDataSet, type LoadOptions } from "../../src/data/load.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { flatPng, inFolder } from "./make.ts";

function load(dir: string, more: Partial<LoadOptions> = {}) {
  return loadDataSet(dir, { cacheDir: join(dir, "cache"), splits: "search", seed: 1, ...more });
}

/** A picture whose red value is its number. */
async function picture(path: string, number: number): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeFile(path, flatPng(12, 12, [number, 1, 2]));
}

/** DIR/train and DIR/test; picture i has the bits of i as labels a, b, c: the first has none. */
async function writeTables(dir: string, parts: Record<string, number>): Promise<void> {
  for (const [part, n] of Object.entries(parts)) {
    const lines = ["file,a,b,c"];
    for (let i = 0; i < n; i++) {
      await picture(join(dir, part, `${i}.png`), i);
      lines.push(`${i}.png,${i & 1},${i >> 1 & 1},${i >> 2 & 1}`);
    }
    await Deno.writeTextFile(join(dir, part, "labels.csv"), lines.join("\n") + "\n");
  }
}

/** Each image's labels must be the bits of its red value; gives these values, sorted. */
function numbersOf({ pixels, labels, n }: Images): number[] {
  const size = pixels.length / n;
  return Array.from({ length: n }, (_, i) => {
    const number = pixels[i * size];
    assertEquals([...labels.subarray(3 * i, 3 * i + 3)], [
      number & 1,
      number >> 1 & 1,
      number >> 2 & 1,
    ]);
    return number;
  }).sort((a, b) => a - b);
}

Deno.test("pictures take their labels from the table beside them, also where there are none", () =>
  inFolder(async (dir) => {
    await writeTables(dir, { train: 32, test: 9 });
    const table = join(dir, "test", "labels.csv");
    const turned = (await Deno.readTextFile(table)).trim().split("\n")
      .map((line) => line.split(",").reverse().join(","));
    await Deno.writeTextFile(table, turned.join("\n"));
    const found = await findDataSet(dir, { cacheDir: dir });
    assertEquals(found.kind === "path" && found.reader.kind, "labels");
    const data = await load(dir);
    assertEquals([data.task, data.classes, data.image], ["multi-label", ["a", "b", "c"], [
      32,
      32,
      3,
    ]]);
    const [train, valid] = [numbersOf(data.train), numbersOf(data.valid)];
    assertEquals([train.length, valid.length], [29, 3]);
    assertEquals([...train, ...valid].sort((a, b) => a - b), [...Array(32).keys()]);
    assertEquals(numbersOf(await data.test()), [...Array(9).keys()]);
    assertEquals((await load(dir)).train, data.train);
    assert(String((await load(dir, { seed: 2 })).valid.pixels) !== String(data.valid.pixels));
    const final = await load(dir, { splits: "final" });
    assertEquals([final.train.n, final.valid.n], [32, 0]);
    assertEquals((await load(dir, { trainLimit: 4, side: 8 })).train.pixels.length, 4 * 8 * 8 * 3);
  }));

Deno.test("validation takes one in ten, of rare combinations of labels as well as of frequent ones", () =>
  inFolder(async (dir) => {
    const lines = ["file,a,b,c"];
    for (let i = 0; i < 60; i++) {
      await picture(join(dir, "train", `${i}.png`), i);
      lines.push(`${i}.png,${i < 40 ? "1,0,0" : i < 50 ? "0,1,0" : "0,0,1"}`);
    }
    await Deno.writeTextFile(join(dir, "train", "labels.csv"), lines.join("\n"));
    await writeTables(dir, { test: 2 });
    const { valid } = await load(dir);
    const sums = [0, 1, 2].map((c) =>
      [...valid.labels].reduce((s, v, i) => i % 3 === c ? s + v : s, 0)
    );
    assertEquals(sums, [4, 1, 1]);
  }));

Deno.test("one table with a column split may stand above all pictures", () =>
  inFolder(async (dir) => {
    for (let i = 0; i < 6; i++) await picture(join(dir, `pics/${i}.PNG`), i);
    await Deno.writeTextFile(
      join(dir, "labels.csv"),
      "\ufeffa,split,file,b,c\r\n" +
        ["0,train", "1,train", "0,val", "1,valid", "0,test", "1,test"].map((start, i) =>
          `${start}, "./pics/${i}.PNG" ,${i >> 1 & 1},${i >> 2}\r\n`
        ).join("\r\n"),
    );
    const data = await load(dir);
    assertEquals(data.classes, ["a", "b", "c"]);
    assertEquals([numbersOf(data.train), numbersOf(data.valid)], [[0, 1], [2, 3]]);
    assertEquals(numbersOf(await data.test()), [4, 5]);
    assertEquals(numbersOf((await load(dir, { splits: "final" })).train), [0, 1, 2, 3]);
  }));

Deno.test("a table that does not fit is refused by line", () =>
  inFolder(async (dir) => {
    await writeTables(dir, { train: 4, test: 2 });
    const path = join(dir, "train", "labels.csv");
    const good = await Deno.readTextFile(path);
    const wrong: [string, RegExp][] = [
      [
        good.replace("2.png,0", "2.png,2"),
        /labels\.csv: line 4 has "2" in column a, expected 0 or 1/,
      ],
      [good.replace("2.png,0", "2.png,"), /line 4 has "" in column a/],
      [
        good.replaceAll("\n", "\r\n").replace("2.png,0,1,0\r", "2.png,0,1,2"),
        /line 4 has "2" in column c, expected 0 or 1/,
      ],
      [good.replace("2.png,0,1", "2.png,0"), /line 4 has 3 cells, expected 4 as the first line/],
      [good.replace("2.png", "7.png"), /line 4 names .*7\.png, expected a picture that is there/],
      [
        good.replace("2.png", "../test/0.png"),
        /line 4 names "\.\.\/test\/0\.png", expected a file \.png/,
      ],
      [good.replace("2.png", "2.tif"), /line 4 names "2\.tif", expected a file \.png, /],
      [good.replace("2.png", "./1.png"), /line 4 names .*1\.png again, expected .*line 3 has it/],
      [good.replace(/2\.png.*\n/, ""), /no row names .*train\/2\.png, expected one for each/],
      [good.replace("file", "image"), /line 1 has no column file, expected file,<class>/],
      [good.replace("a,b", "a,a"), /line 1 has the column a twice/],
      [good.replace("a,b", "a,"), /line 1 has a column without a name, number 3/],
      [good.replace("a,b", "a,split"), /line 1 has a column split, though the folder says it/],
      [good.replaceAll(/,.*/g, ""), /line 1 has no column of a class/],
      [good.split("\n")[0], /it has no rows, expected one for each picture/],
      ["", /line 1 has no column file/],
      [
        good.replace("2.png", '"2.png'),
        /labels\.csv: line 4 has a quote that is not closed.* expected comma-separated/,
      ],
      [
        good.replace("a,b", "a,d"),
        /test\/labels\.csv: line 1 has no column d, expected the classes/,
      ],
    ];
    for (const [text, message] of wrong) {
      await Deno.writeTextFile(path, text);
      await assertRejects(() => load(dir), message);
    }
    await Deno.writeTextFile(path, good);
    await Deno.remove(join(dir, "test", "labels.csv"));
    await assertRejects(() => load(dir), /no row of its tables belongs to the part test, expected/);
    await Deno.writeTextFile(join(dir, "labels.csv"), "file,a\ntrain/0.png,1\n");
    await assertRejects(() => load(dir), /line 1 has no column split, expected file,split,<class>/);
    await Deno.writeTextFile(join(dir, "labels.csv"), "file,split,a\ntrain/0.png,dev,1\n");
    await assertRejects(
      () => load(dir),
      /line 2 has split "dev", expected train, valid, val, test/,
    );
  }));

const tags = ["Background", "Crack", "Spallation"];

/** CODEBRIM's layout; picture i has the bits of i as labels. */
async function writeCodebrim(dir: string): Promise<void> {
  let number = 0;
  const elements: Record<string, string[]> = { background: [], defects: [] };
  for (const [part, n] of Object.entries({ train: 4, val: 2, test: 3 })) {
    for (const kind of ["background", "defects"]) {
      for (let i = 0; i < n; i++, number++) {
        const name = `image_${number}_crop_1.png`;
        // Augmented copies share the element of their original.
        const copy = part === "train" && i === 0 ? name.replace(".png", "_-_flip.png") : name;
        await picture(join(dir, part, kind, copy), number);
        const bits = tags.map((tag, k) => `<${tag}>${number >> k & 1}</${tag}>`);
        elements[kind].push(`  <Defect name="${name}">\n    ${bits.join("\n    ")}\n  </Defect>`);
      }
    }
  }
  await Deno.mkdir(join(dir, "metadata"));
  for (const [kind, list] of Object.entries(elements)) {
    const text = `<?xml version="1.0"?>\n<Annotation>\n${list.join("\n")}\n</Annotation>\n`;
    await Deno.writeTextFile(join(dir, "metadata", `${kind}.xml`), text);
  }
}

Deno.test("a CODEBRIM folder is read with its splits and metadata", () =>
  inFolder(async (dir) => {
    await writeCodebrim(dir);
    const found = await findDataSet(dir, { cacheDir: dir });
    assertEquals(found.kind === "path" && found.reader.kind, "codebrim");
    const data = await load(dir);
    assertEquals([data.task, data.classes], ["multi-label", tags]);
    assertEquals(numbersOf(data.train), [0, 1, 2, 3, 4, 5, 6, 7]);
    assertEquals(numbersOf(data.valid), [8, 9, 10, 11]);
    assertEquals(numbersOf(await data.test()), [12, 13, 14, 15, 16, 17]);
    assertEquals(data.notes, []);
    await Deno.remove(join(dir, "train", "background", "image_1_crop_1.png"));
    assert(/background\.xml names a picture that is not there \(image_1_crop_1\)/.test(
      (await load(dir)).notes[0],
    ));
  }));

Deno.test("XML that does not fit is refused by line and element", () =>
  inFolder(async (dir) => {
    await writeCodebrim(dir);
    const path = join(dir, "metadata", "defects.xml");
    const good = await Deno.readTextFile(path);
    const second = '<Defect name="image_5_crop_1.png">';
    const wrong: [string, RegExp][] = [
      [good.replace(second, "<Defect>"), /defects\.xml: line 8, element Defect has 0 attributes/],
      [
        good.replace(second, '<Defect name="x" id="y">'),
        /line 8, .* has 2 attributes, expected one/,
      ],
      [
        good.replace(second, '<Defect name="">'),
        /line 8, element Defect has {"name":""}, expected/,
      ],
      [
        good.replace(second, '<Defect name="image_4_crop_1.png">'),
        /image_4_crop_1 again, .*line 3/,
      ],
      [good.replace("<Crack>0</Crack>", "<Crack>no</Crack>"), /line 5, element Crack holds "no"/],
      [
        good.replace("<Crack>0</Crack>", "<Hole>0</Hole>"),
        /Defect has the elements Background, Crack/,
      ],
      [
        good.replace(/image_5_crop/, "image_99_crop"),
        /no element for .*defects\/image_5_crop_1\.png/,
      ],
      [good.replace("</Annotation>", ""), /Missing end tag for element Annotation/],
      [good.replaceAll("Crack", "Riss"), /its classes are Background, Riss, .* expected those of/],
      ["<Annotation/>", /its root has no elements with labels/],
      ["", /defects\.xml: .*, expected well-formed XML/],
    ];
    for (const [text, message] of wrong) {
      await Deno.writeTextFile(path, text);
      await assertRejects(() => load(dir), message);
    }
    await Deno.remove(path);
    await assertRejects(() => load(dir), /defects\.xml: .*expected the labels as XML/);
    await Deno.writeTextFile(path, good);
    await Deno.remove(join(dir, "val", "defects"), { recursive: true });
    await assertRejects(() => load(dir), /there is no folder .*val\/defects, expected one/);
  }));

Deno.test("batches carry rows of labels with their images, in order and shuffled", async () => {
  const gpu = await Gpu.open();
  await inFolder(async (dir) => {
    await writeTables(dir, { train: 13, test: 1 });
    const { train, image, task } = await load(dir, { splits: "final", side: 4 });
    const plain = { mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255], augment: null };
    const batches = new Batches(gpu, train, { image, task, batch: 5, seed: 1, ...plain });
    const seen = async ({ images, labels, n }: Batch) => {
      assertEquals(labels.shape, [n, 3]);
      const [pixels, bits] = await gpu.read([images, labels]);
      return numbersOf({
        pixels: Uint8Array.from(pixels, Math.round),
        labels: Uint8Array.from(bits),
        n,
      });
    };
    const inOrder: number[] = [];
    for (const batch of batches.sequential()) inOrder.push(...await seen(batch));
    assertEquals(inOrder.sort((a, b) => a - b), [...Array(13).keys()]);
    const epoch: number[] = [];
    for (let step = 0; step < 3; step++) epoch.push(...await seen(batches.next(step)));
    assertEquals(epoch.sort((a, b) => a - b), [...Array(13).keys()]);
    assertEquals((await seen(batches.random(7))).length, 5);
  });
  gpu.close();
});
