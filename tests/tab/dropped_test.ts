/** Data that cannot be trained on is refused in words before any picture is decoded. */
import { assertRejects } from "@std/assert";
import { readDropped } from "../../src/tab/dropped.ts";

const file = new Blob(["x"]);

/** Reads files of these paths, of which no picture can be decoded here. */
const read = (paths: readonly string[], side?: number) => () =>
  readDropped(paths.map((path) => ({ path, file })), {
    side,
    decoder: "none",
    onPictures: () => {},
    signal: new AbortController().signal,
  });

const many = (n: number, path: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => path(i));

Deno.test("folders without classes, of one, of too many and of classes without pictures are refused", async () => {
  await assertRejects(
    read(many(1000, (i) => `things/${i}.${i.toString(36)}`)),
    /Cannot find classes in 0\.0, 1\.1, .*…: expected one folder of pictures for each class/,
  );
  await assertRejects(
    read(["pets/cats/1.png", "pets/cats/2.png"]),
    /Cannot find classes in 1\.png/,
  );
  await assertRejects(
    read(many(600, (i) => `kinds/${i % 300}/${i}.png`)),
    /Cannot take 300 classes: expected at most 256/,
  );
  const cats = many(5, (i) => `pets/cats/${i}.png`);
  await assertRejects(
    read([...cats, "pets/dogs/1.heic", "pets/dogs/2.heic"]),
    /train\/dogs: it has no pictures among 2 files, expected at least one \.png/,
  );
  await assertRejects(
    read([...cats, "pets/dogs/1.png"]),
    /Cannot use class dogs: dogs\/1\.png is its only picture, expected at least 2/,
  );
});

Deno.test("more images than a tab holds are refused before they are decoded, broken ones are named", async () => {
  const pictures = many(1000, (i) => `set/${i % 2}/${i}.png`);
  await assertRejects(
    read(pictures, 1024),
    /Cannot take 720 images of 1024 × 1024: 2\.1 GiB, expected at most 1; choose a smaller side/,
  );
  await assertRejects(
    read(pictures),
    /800 of 800 pictures are unreadable, .*repair or delete them/,
  );
});
