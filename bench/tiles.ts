/**
 * Makes a set with several labels per image from CIFAR-10: pictures of 2×2 tiles, labelled with the classes
 * of their tiles. Every tile is used at most once. Fields stay black with probability `--empty`.
 *
 *   deno run -A bench/tiles.ts OUT [--data-dir DIR] [--train 2500] [--test 500] [--seed 1]
 *     [--classes frog,ship,truck] [--empty 0.5]
 */
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { encode } from "fast-png";
import { UsageError } from "../src/common/errors.ts";
import { usualPlaces } from "../src/data/find.ts";
import { type Images, loadDataSet } from "../src/data/mod.ts";
import { Rng, Stream } from "../src/common/random.ts";

const side = 32;
const bytes = side * side * 3;
const black = new Uint8Array(bytes);

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

/** Writes a part of the set; `chosen` are the indices of the classes that tiles are sampled from. */
async function write(
  dir: string,
  chosen: Map<number, string>,
  images: Images,
  rng: Rng,
  n: number,
) {
  await Deno.mkdir(dir, { recursive: true });
  const left = [...rng.permutation(images.n)].filter((k) => chosen.has(images.labels[k]));
  const lines = [["file", ...chosen.values()].join(",")];
  let count = 0;
  for (; count < n && left.length >= 4; count++) {
    const fields = [0, 1, 2, 3].map(() => rng.next() < empty ? null : left.pop()!);
    const data = picture(
      fields.map((k) => k === null ? black : images.pixels.subarray(k * bytes, (k + 1) * bytes)),
    );
    const file = `${String(count).padStart(5, "0")}.png`;
    await Deno.writeFile(
      join(dir, file),
      encode({ width: 2 * side, height: 2 * side, channels: 3, data }),
    );
    const there = new Set(fields.map((k) => k === null ? null : images.labels[k]));
    lines.push([file, ...[...chosen.keys()].map((c) => there.has(c) ? 1 : 0)].join(","));
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
    classes: { type: "string" },
    empty: { type: "string", default: "0" },
  },
});
const seed = Number(values.seed);
const empty = Number(values.empty);
const data = await loadDataSet("cifar10", {
  ...usualPlaces(Deno.env.toObject(), Deno.cwd()),
  dataDir: values["data-dir"],
  splits: "final",
  seed,
});
const names = values.classes?.split(",") ?? data.classes;
const chosen = new Map(names.map((name) => [data.classes.indexOf(name), name]));
if (chosen.has(-1)) {
  throw new UsageError(
    `Cannot draw ${chosen.get(-1)}: expected some of ${data.classes.join(", ")}`,
  );
}
const rng = (part: number) => new Rng(seed, Stream.data, part);
await write(join(out, "train"), chosen, data.train, rng(1), Number(values.train));
await write(join(out, "test"), chosen, await data.test(), rng(2), Number(values.test));
