/**
 * Recipes of AddNIST, MultNIST and CIFARTile (Geada et al., "Insights from the Use of Previously Unseen Neural
 * Architecture Search Datasets", CVPR 2024): their images are composed of those of MNIST and CIFAR-10. A recipe
 * with the same source gives the same bytes on every machine.
 */
import { DataError } from "../common/errors.ts";
import { Rng, Stream } from "../common/random.ts";
import type { Images, Normalisation } from "./dataset.ts";

/** Numbers of images per part. */
export interface Counts {
  train: number;
  valid: number;
  test: number;
}

/** Images of a generated set, made one after the other. */
export interface Made {
  labels: Uint8Array;
  /** Writes image i into `into` (h, w, c). Call for 0, 1, 2, … in turn. */
  draw(into: Uint8Array): void;
}

/** Recipe of a set that is made from another one. */
export interface Recipe {
  /** Height, width, channels. */
  image: readonly [number, number, number];
  counts: Counts;
  /** Mean and deviation of the pixels in the files. */
  normalisation: Normalisation;
  /** @param source training images for "train", whose first `counts.train` images are not for validation. */
  make(part: "train" | "test", source: Images): Made;
}

/** Normalisation of the pixels of AddNIST and MultNIST: that of MNIST in every channel. */
export const mnistPixels: Normalisation = {
  mean: [0.1307, 0.1307, 0.1307],
  deviation: [0.3081, 0.3081, 0.3081],
};

/** A generated set is the same for every seed of a search. */
const seed = 0;

/** Number of triples of digits with each label, and examples of each triple in the pool of a part. */
interface Pool {
  label(r: number, g: number, b: number): number | null;
  classes: number;
}

const pools: Record<"sum" | "product", Pool> = {
  sum: {
    label: (r, g, b) => r + g + b >= 1 && r + g + b <= 20 ? r + g + b - 1 : null,
    classes: 20,
  },
  product: { label: (r, g, b) => (r * g * b) % 10, classes: 10 },
};

/** One entry for each example: 100 r + 10 g + b. Labels with few triples have more examples of each. */
export function triplesOf(kind: "sum" | "product", part: "train" | "test"): Uint16Array {
  const { label, classes } = pools[kind];
  const triples: { code: number; label: number }[] = [];
  const count = new Array<number>(classes).fill(0);
  for (let code = 0; code < 1000; code++) {
    const k = label(Math.floor(code / 100), Math.floor(code / 10) % 10, code % 10);
    if (k === null) continue;
    triples.push({ code, label: k });
    count[k]++;
  }
  const shares = count.map((c) => {
    const training = Math.floor(0.75 * c);
    return part === "train" ? training : c - training;
  });
  const most = Math.max(...shares);
  const base = part === "train" ? 200 : 66;
  const each = shares.map((share) => Math.floor(base * most / share));
  return Uint16Array.from(
    triples.flatMap(({ code, label }) => new Array<number>(each[label]).fill(code)),
  );
}

/** A digit in each colour channel; the label is their sum − 1 (AddNIST), or their product modulo 10 (MultNIST). */
export function digitSet(kind: "sum" | "product", counts: Counts): Recipe {
  return {
    image: [28, 28, 3],
    counts,
    normalisation: mnistPixels,
    make(part, source) {
      const rng = new Rng(seed, Stream.data, part === "train" ? 0 : 1);
      const triples = triplesOf(kind, part);
      const order = rng.permutation(triples.length);
      const n = part === "train" ? counts.train + counts.valid : counts.test;
      const chosen = Uint16Array.from({ length: n }, (_, i) => triples[order[i]]);
      const digits = byLabel(source, 10);
      const size = source.pixels.length / source.n;
      let at = 0;
      return {
        labels: Uint8Array.from(chosen, (code) => labelOf(kind, code)),
        draw(into) {
          const code = chosen[at++];
          [Math.floor(code / 100), Math.floor(code / 10) % 10, code % 10].forEach((digit, c) => {
            const from = rng.pick(digits[digit]) * size;
            for (let p = 0; p < size; p++) into[3 * p + c] = source.pixels[from + p];
          });
        },
      };
    },
  };
}

const labelOf = (kind: "sum" | "product", code: number): number =>
  pools[kind].label(Math.floor(code / 100), Math.floor(code / 10) % 10, code % 10)!;

/** Images of a class in each tile, by the number of classes. */
const shares = [[4], [2, 2], [2, 1, 1], [1, 1, 1, 1]] as const;

/** Four images in a square; the label is the number of different classes − 1. */
export function cifarTile(counts: Counts): Recipe {
  return {
    image: [64, 64, 3],
    counts,
    normalisation: {
      mean: [0.49139968, 0.48215827, 0.44653124],
      deviation: [0.24703233, 0.24348505, 0.26158768],
    },
    make(part, source) {
      const rng = new Rng(seed, Stream.data, part === "train" ? 2 : 3);
      const classes = byLabel(source, 10);
      const n = part === "train" ? counts.train + counts.valid : counts.test;
      const labels = Uint8Array.from({ length: n }, () => rng.below(4));
      let at = 0;
      return {
        labels,
        draw(into) {
          const tiles = tilesOf(labels[at++], classes, rng);
          tiles.forEach((image, place) => paste(source, image, into, place, part, rng));
        },
      };
    },
  };
}

/** Indices of the four images, top left to bottom right. */
function tilesOf(label: number, classes: readonly number[][], rng: Rng): number[] {
  const chosen = rng.permutation(classes.length).subarray(0, label + 1);
  const tiles = shares[label].flatMap((count, k) => without(classes[chosen[k]], count, rng));
  return Array.from(rng.permutation(4), (place) => tiles[place]);
}

/** Picks `count` different items. */
function without(items: readonly number[], count: number, rng: Rng): number[] {
  const picked = new Set<number>();
  while (picked.size < count) picked.add(rng.pick(items));
  return [...picked];
}

/** Copies a 32×32 image into one quarter. Training images are cropped from a border of four black pixels and mirrored. */
function paste(
  { pixels }: Images,
  image: number,
  into: Uint8Array,
  place: number,
  part: "train" | "test",
  rng: Rng,
): void {
  const [dy, dx, mirrored] = part === "train"
    ? [rng.below(9) - 4, rng.below(9) - 4, rng.next() < 0.5]
    : [0, 0, false];
  const from = image * 3072;
  const corner = (Math.floor(place / 2) * 64 + place % 2) * 32;
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      const [sy, sx] = [y + dy, (mirrored ? 31 - x : x) + dx];
      const inside = sy >= 0 && sy < 32 && sx >= 0 && sx < 32;
      for (let c = 0; c < 3; c++) {
        into[3 * (corner + y * 64 + x) + c] = inside ? pixels[from + 3 * (sy * 32 + sx) + c] : 0;
      }
    }
  }
}

/** Indices of the images of each class. @throws DataError for a class with fewer than four. */
function byLabel({ labels }: Images, classes: number): number[][] {
  const found = Array.from({ length: classes }, (): number[] => []);
  labels.forEach((label, i) => found[label].push(i));
  const few = found.findIndex((images) => images.length < 4);
  if (few < 0) return found;
  throw new DataError(
    `Cannot compose images: class ${few} has ${found[few].length} images, expected at least 4; ` +
      `fetch the whole set`,
  );
}
