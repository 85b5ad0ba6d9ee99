/** Names of the published data sets, and what sets of IDX files do not say themselves. */

/** Names that `data` settings use; `published.ts` has their files. */
export const setNames = [
  ...["fashion-mnist", "mnist", "cifar10", "cifar100", "addnist", "multnist", "cifartile"] as const,
  ...["nb201_cifar10", "nb201_cifar100", "imagenet16-120", "darts_cifar10", "act_cifar10"] as const,
] as const;

export type SetName = (typeof setNames)[number];

/** Whether a published set has this name; others are folders. */
export const isPublished = (name: string): name is SetName =>
  (setNames as readonly string[]).includes(name);

/** Roles of the four files of an IDX set. */
export const idxNames = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

export interface IdxSet {
  title: string;
  classes: readonly string[];
  /** Digits are never flipped. */
  flip: boolean;
}

export const idxSets: Readonly<Record<"fashion-mnist" | "mnist", IdxSet>> = {
  "fashion-mnist": {
    title: "Fashion-MNIST",
    classes: "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"
      .split(", "),
    flip: true,
  },
  mnist: { title: "MNIST", classes: [..."0123456789"], flip: false },
};

/** The set of a name; null where it is none of these. */
export const idxSetNamed = (name: string): IdxSet | null =>
  Object.hasOwn(idxSets, name) ? idxSets[name as keyof typeof idxSets] : null;
