/**
 * Makes a set with several labels per image from CIFAR-10: pictures of 2×2 tiles, the labels are the classes
 * that are there. Every tile is used at most once.
 *
 *   deno run -A bench/tiles.ts OUT [--data-dir DIR] [--train 2500] [--test 500] [--seed 1]
 */
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { encode } from "fast-png";
import { usualPlaces } from "../src/data/find.ts";
import { type Images, loadDataSet } from "../src/data/mod.ts";
import { Rng, Stream } from "../src/random.ts";

const side = 32;
const bytes = side * side * 3;

/** The RGB bytes of a picture of four tiles. */
function picture(tiles: readonly Uint8Array[]): Uint8Array {
  const rgb = new Uint8Array(4 * bytes);
  const row = 3 * side;
  for (const [t, tile] of tiles.entries()) {
    for (let y = 0; y < side; y++) {
      const to = ((t >> 1) * side + y) * 2 * row + (t & 1) * row;
      rgb.set(tile.subarray(y * row, (y + 1) * row), to);
    }
  }
  return rgb;
}

async function write(dir: string, classes: readonly string[], images: Images, rng: Rng, n: number) {
  await Deno.mkdir(dir, { recursive: true });
  const order = rng.permutation(images.n);
  const lines = [["file", ...classes].join(",")];
  const count = Math.min(n, Math.floor(images.n / 4));
  for (let i = 0; i < count; i++) {
    const chosen = [...order.subarray(4 * i, 4 * i + 4)];
    const data = picture(chosen.map((k) => images.pixels.subarray(k * bytes, (k + 1) * bytes)));
    const file = `${String(i).padStart(5, "0")}.png`;
    await Deno.writeFile(
      join(dir, file),
      encode({ width: 2 * side, height: 2 * side, channels: 3, data }),
    );
    const there = new Set(chosen.map((k) => images.labels[k]));
    lines.push([file, ...classes.map((_, c) => there.has(c) ? 1 : 0)].join(","));
  }
  await Deno.writeTextFile(join(dir, "labels.csv"), lines.join("\n") + "\n");
  console.log(`${dir}: ${count} pictures`);
}

const { values, positionals: [out = "tiles"] } = parseArgs({
  allowPositionals: true,
  options: {
    "data-dir": { type: "string" },
    train: { type: "string", default: "2500" },
    test: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
  },
});
const seed = Number(values.seed);
const data = await loadDataSet("cifar10", {
  ...usualPlaces(Deno.env.toObject(), Deno.cwd()),
  dataDir: values["data-dir"],
  splits: "final",
  seed,
});
const rng = (part: number) => new Rng(seed, Stream.data, part);
await write(join(out, "train"), data.classes, data.train, rng(1), Number(values.train));
await write(join(out, "test"), data.classes, await data.test(), rng(2), Number(values.test));
