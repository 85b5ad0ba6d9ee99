/** Candidate variants of dense convolutions, by adapter and shape. */
import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { sizeClass } from "./tiling.ts";
import { winogradSuits } from "./winograd.ts";

/** Candidates by preference. Software keeps registers in the cache: large blocks. Cards: many small ones. */
export const ofAdapter = <F>(rec: Recorder, software: F[], card: F[]): F[] =>
  rec.traits.fewLanes ? [...software, ...card] : [...card, ...software];

/**
 * Candidate blocks: pixels and vec4 of output channels per invocation, whether sums are in registers, and
 * whether neighbouring invocations go across images. Across, lanes that share a program counter skip rows
 * outside together; otherwise neighbours find their rows in the cache. A kernel of few taps has few terms per
 * fetch of a sum and takes more channels; with short rows it takes half as many pixels, which compile in half
 * the time and run a tenth slower at most.
 */
function blocks(rec: Recorder, k: number, ow: number) {
  const [much, little] = k > 3 ? [2, 4] : [4, 2];
  const many = k > 3 || ow > 8 ? 32 : 16;
  const other = many > 16 ? { pixels: 16, outs: little } : { pixels: 32, outs: much };
  const rest = { size: 32, across: true, inRegisters: false };
  return ofAdapter(
    rec,
    [{ pixels: many, outs: much, ...rest }, { ...other, ...rest }],
    [
      { pixels: 8, outs: 2, size: 64, across: false, inRegisters: true },
      { pixels: 4, outs: 1, size: 64, across: false, inRegisters: true },
    ],
  );
}

/** Winograd's algorithm: fewer multiplications for more dispatches and memory. */
const WINOGRAD = { winograd: true };

/** Chooses how a convolution is computed: by blocks of pixels and channels, or by Winograd's tiles. */
export function variantOf(
  rec: Recorder,
  { x, y, k, S, div, ow }: Record<"x" | "y", Tensor> & Record<"k" | "S" | "div" | "ow", number>,
) {
  const ci = x.shape[3], co = y.shape[3], least = Math.min(ci, co);
  // Above 16, output channels only change the number of blocks.
  const key = `conv2d k${k} s${S} d${div} columns ${sizeClass(ow)} outputs ${Math.min(co, 16)}`;
  const plain = blocks(rec, k, ow);
  if (k !== 3 || S > 1 || div > 1 || least <= 64 || !winogradSuits(x, y)) {
    return rec.choose(key, plain);
  }
  // Measured in software: no difference at 64 channels, less time from 96 to 192, more at 384.
  const [first, ...others] = plain, fast = rec.traits.fewLanes && least <= 256;
  return rec.choose(
    `${key} channels ${sizeClass(least)}`,
    fast ? [WINOGRAD, first, ...others] : [first, WINOGRAD, ...others],
  );
}

/** Candidate blocks for weight gradients: pixels per step, vec4 of channels, sums in registers or not. */
export function blocksDw(rec: Recorder, ow: number, k: number) {
  const wide = k > 3 ? 1 : 2;
  const windowed = { pixels: 2, ins: wide, outs: 2, inRegisters: false };
  // Short rows are taken whole: columns outside are known and not computed. Rows of 5 to 8 only with large
  // kernels, which make up for the smaller block that still fits the instruction cache.
  const software = ow <= 4
    ? [{ ...windowed, pixels: 4 }, windowed]
    : ow <= 8 && k > 3
    ? [{ ...windowed, pixels: 8, ins: 1, outs: 1 }, windowed]
    : [windowed, { ...windowed, ins: 3 - wide }];
  const small = { ins: 1, outs: 1, inRegisters: true };
  return ofAdapter(rec, software, [{ pixels: 2, ...small }, { pixels: 4, ...small }]);
}

/** The same for few input channels: all taps of a window at once. */
export const blocksSmallCinDw = (rec: Recorder, taps: number) =>
  ofAdapter(
    rec,
    [{ pixels: 2, outs: taps > 12 ? 2 : 4, inRegisters: false }],
    [{ pixels: 1, outs: 1, inRegisters: true }],
  );
