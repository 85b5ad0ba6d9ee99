/**
 * Upper bounds on all sizes. They are far above published values, and low enough to reject a mistyped setting
 * or a hostile request in milliseconds instead of filling the memory.
 */
import * as z from "zod";

const whole = z.number().int();
const written = (most: number) => most.toLocaleString("en-US");

/** Text of at most `most` characters. */
export const textUpTo = (most: number) =>
  z.string().max(most, `expected at most ${written(most)} characters`);

/** Longest path that any operating system accepts. */
export const pathText = textUpTo(4096);
/** Names of columns, encodings, strategies. */
export const nameText = textUpTo(200);
/** Settings whose value is the contents of a small file. */
export const settingText = textUpTo(100_000);

const bound = (most: number, why: string) => ({ most, why });

export const limits = {
  layers: bound(64, "planning a network takes time that grows with the square of its layers"),
  filters: bound(
    2048,
    "two reductions make four times as many channels, whose kernels fit no device",
  ),
  // Searches with 20 blocks and more have crashed software Vulkan without a message.
  blocks: bound(14, "more blocks have crashed drivers"),
  side: bound(4096, "larger pictures fit no device"),
  channels: bound(1024, "more channels in a picture fit no device"),
  classes: bound(100_000, "a classifier for more fits no device"),
  batch: bound(16_384, "a larger batch fits no device"),
  images: bound(1_000_000_000, "no host keeps more images"),
  epochs: bound(1_000_000, "no run gets there"),
  steps: bound(1_000_000_000, "no run gets there"),
  modules: bound(1000, "a supernet holds all of them at each position"),
  /** Modules in a sequence: each but the first halves the image. */
  sequence: bound(12, "each but the first halves the image and doubles the channels"),
  megabytes: bound(1_048_576, "no disk for weights has more"),
  /** Architectures kept, sampled or compared at once. */
  architectures: bound(100_000, "all of them are kept in memory at once"),
  /** Architectures compared pairwise. */
  compared: bound(10_000, "they are compared each with each"),
  /** Options of one decision. */
  options: bound(1_000_000, "no decision has more"),
  hidden: bound(4096, "a larger controller fits no device"),
  lstmLayers: bound(16, "a deeper controller takes too long for each decision"),
  predictorLayers: bound(100, "a deeper or larger predictor takes hours to fit"),
  predictorEpochs: bound(100_000, "a fit takes days"),
  predictorWidth: bound(1000, "a wider predictor takes hours to fit"),
  plugins: bound(64, "a run needs at most three"),
  objectives: bound(16, "more cannot be ranked against each other"),
  trials: bound(100_000, "no study gets there"),
  jobs: bound(1024, "each is a process of its own"),
  seeds: bound(1000, "each is a run of its own"),
} as const;

export type Limit = { readonly most: number; readonly why: string };

/** Message for a value above its limit, with the reason. */
export const tooLarge = ({ most, why }: Limit) => `expected at most ${written(most)}: ${why}`;

/** A whole number from 1 up to a limit. */
export const sizeOf = (limit: Limit) => whole.positive().max(limit.most, tooLarge(limit));

/** A whole number from 0 up to a limit. */
export const countOf = (limit: Limit) => whole.nonnegative().max(limit.most, tooLarge(limit));
