/** Dropped files as a folder: common folders, archives, the test part. */
import { assertEquals, assertRejects } from "@std/assert";
import { makeZip } from "../../src/common/zip.ts";
import { keepImages, readKeptImages } from "../../src/data/kept_images.ts";
import { syntheticDataSet } from "../../src/data/synthetic.ts";
import { filesOf, treeOf, withTestPart } from "../../src/tab/tree.ts";

const file = new Blob(["x"]);
const dropped = (...paths: string[]) => paths.map((path) => ({ path, file }));
const pictures = (label: string, n: number) =>
  Array.from({ length: n }, (_, i) => `${label}/${i}.png`);

Deno.test("the folders around the classes name the set; what file managers add is left out", async () => {
  const { name, tree } = await treeOf(
    dropped("a/b/cats/1.png", "a/b/dogs/1.png", "a/b/.DS_Store", "a/b/cats/._1.png"),
  );
  assertEquals(name, "b");
  assertEquals([...tree.keys()], ["cats/1.png", "dogs/1.png"]);
  const parts = await treeOf(dropped("set/train/cats/1.png"));
  assertEquals([parts.name, ...parts.tree.keys()], ["set", "train/cats/1.png"]);
  await assertRejects(() => treeOf(dropped("a/.DS_Store")), /there are no files/);
});

Deno.test("an archive is a folder of its name", async () => {
  const bytes = new TextEncoder().encode("x");
  const archive = makeZip([["cats/1.png", bytes], ["__MACOSX/cats/1.png", bytes]]);
  const { name, tree } = await treeOf([{ path: "pets.zip", file: archive }]);
  assertEquals([name, ...tree.keys()], ["cats", "1.png"]);
  const both = makeZip([["cats/1.png", bytes], ["dogs/1.png", bytes]]);
  const pets = await treeOf([{ path: "pets.zip", file: both }]);
  assertEquals([pets.name, ...pets.tree.keys()], ["pets", "cats/1.png", "dogs/1.png"]);
});

Deno.test("each fifth picture of a class is for the test, the same ones each time; a set's own part stays", async () => {
  const { tree } = await treeOf(
    dropped(
      ...pictures("set/cats", 10),
      ...pictures("set/dogs", 3),
      "set/dogs/more/deep.png",
      "set/dogs/x.txt",
    ),
  );
  const split = withTestPart(tree);
  const of = (part: string) => [...split.keys()].filter((path) => path.startsWith(part));
  assertEquals(of("test/"), ["test/cats/4.png", "test/cats/9.png", "test/dogs/more_deep.png"]);
  assertEquals(of("train/").length, 12); // With x.txt, which the reader of folders names.
  const own = (await treeOf(dropped("train/a/1.png", "test/a/2.png"))).tree;
  assertEquals(withTestPart(own), own);
});

Deno.test("a tree is read as a folder: sizes, lists in order, parts of files", async () => {
  const { tree } = await treeOf([
    { path: "b/2.txt", file: new Blob(["0123"]) },
    { path: "a/1.txt", file },
  ]);
  const files = filesOf(tree);
  assertEquals((await files.list("")).map(({ name, isDirectory }) => [name, isDirectory]), [
    ["a", true],
    ["b", true],
  ]);
  assertEquals([await files.size("b/2.txt"), await files.size("b"), await files.size("c")], [
    4,
    null,
    null,
  ]);
  assertEquals(new TextDecoder().decode(await files.read("b/2.txt", 1, 3)), "12");
  await assertRejects(() => files.read("c"), /there is no c/);
});

Deno.test("kept images are read as they were, joined for a final training, and damage is named", async () => {
  const data = syntheticDataSet({ train: 20, valid: 6, test: 5, image: [4, 4, 3], classes: 3 });
  const kept = await keepImages(data);
  const files = (changed: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) =>
    filesOf(
      new Map([...changed].map(([name, bytes]) => [
        `images/${name}`,
        {
          size: bytes.length,
          read: (from?: number, to?: number) => Promise.resolve(bytes.slice(from, to)),
        },
      ])),
    );
  const read = await readKeptImages(files(kept), "images", "search");
  assertEquals(read.train, { ...data.train });
  assertEquals(read.valid, { ...data.valid });
  assertEquals(await read.test(), await data.test());
  assertEquals([read.testCount, read.classes, read.image], [5, data.classes, [4, 4, 3]]);
  const final = await readKeptImages(files(kept), "images", "final");
  assertEquals([final.train.n, final.valid?.n], [26, 0]);
  const damaged = new Map(kept);
  const bytes = kept.get("valid-images-idx4-ubyte")!.slice();
  bytes[30] ^= 1;
  damaged.set("valid-images-idx4-ubyte", bytes);
  await assertRejects(
    () => readKeptImages(files(damaged), "images", "search"),
    /valid-images-idx4-ubyte: its content is not what images\.json says/,
  );
});
