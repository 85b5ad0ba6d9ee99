/**
 * Inheriting weights: a store takes over, by name, what a source has of earlier networks: a tensor, a block of a
 * larger one, or the mean of several. Donors on the host are uploaded; everything is copied and averaged on the
 * device, so that the bits are the same wherever donors lie. Nothing is read back.
 */
import { numel, type Shape, type Tensor } from "../autodiff/op.ts";
import { accumulate } from "../autodiff/run.ts";
import { DataError } from "../common/errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { scaleInto } from "../ops/scale.ts";
import { sameShape } from "../ops/shapes.ts";
import type { NamedTensors, WeightStore } from "./weights.ts";

/** Elements on the host, in stored order; integers are converted to float32. */
export type HostTensor = NamedTensors[string];

/**
 * A block of a donor's tensor. It has the shape of the weight that inherits, so it fits where both tensors have
 * the same number of axes and the block ends within the donor on each of them.
 */
export interface Piece {
  /** The donor's tensor: float32 on the device of the store that inherits, or elements on the host. */
  readonly donor: Tensor | HostTensor;
  /** First index of the block on each axis; default: 0 everywhere. */
  readonly start?: Shape;
}

/**
 * The new values of one weight: the mean of one or several pieces, in float32. They are summed in this order, and
 * the sum is multiplied by 1 / number of pieces; a single piece is copied bit by bit.
 */
export type Inherited = readonly Piece[];

/** Finds what a weight inherits. A source of one's own may choose donors by name, for instance per layer. */
export interface WeightSource {
  /**
   * @param name the weight's name in the store that inherits.
   * @param shape the weight's shape, in stored order.
   * @param trainable false for a state: running statistics and the like.
   * @returns null when there is nothing for it: the weight keeps its value.
   */
  lookup(name: string, shape: Shape, trainable: boolean): Inherited | null;
}

/** Options of sources over named tensors. */
export interface SourceOptions {
  /** Whether states (running statistics of batch norm) are inherited too. */
  statistics: boolean;
  /**
   * Whether a trainable weight that is smaller than its donor on some axes takes the donor's first block; default:
   * no. States are never cut: one tensor holds several vectors one after the other.
   */
  slices?: boolean;
}

/** Weights and states of another store on the same device, by the same names, as they are when they are inherited. */
export function storeSource(store: WeightStore, options: SourceOptions): WeightSource {
  const params = new Map(store.params().map((param) => [param.name, param]));
  return {
    lookup(name, shape, trainable) {
      const param = params.get(name);
      if (!param || param.trainable !== trainable) return null;
      if (!param.tensor) {
        throw new Error(
          `Cannot inherit ${name}: its donor has no memory, expected a materialised store`,
        );
      }
      return pieceOf(param.tensor, shape, trainable, options);
    },
  };
}

/** Weights and states on the host, as files have them, by the names of the store that inherits. */
export const namedSource = (tensors: NamedTensors, options: SourceOptions): WeightSource => ({
  lookup(name, shape, trainable) {
    const donor = Object.hasOwn(tensors, name) ? tensors[name] : null;
    return donor && pieceOf(donor, shape, trainable, options);
  },
});

/**
 * The mean over those of the sources that have something for a weight. Every piece counts once, in the order of the
 * sources: give the newest donor first.
 * @param most how many sources a weight takes at most, the first ones that have it; default: all.
 */
export const averageSource = (
  sources: readonly WeightSource[],
  { most = sources.length }: { most?: number } = {},
): WeightSource => ({
  lookup(name, shape, trainable) {
    const found: Inherited[] = [];
    for (const source of sources) {
      if (found.length >= most) break;
      const pieces = source.lookup(name, shape, trainable);
      if (pieces) found.push(pieces);
    }
    return found.length ? found.flat() : null;
  },
});

function pieceOf(
  donor: Piece["donor"],
  shape: Shape,
  trainable: boolean,
  { statistics, slices = false }: SourceOptions,
): Inherited | null {
  if (!trainable && !statistics) return null;
  const fits = sameShape(donor.shape, shape) ||
    slices && trainable && holds(donor.shape, shape, shape.map(() => 0));
  return fits ? [{ donor }] : null;
}

/** Number of trainable weights that inherited something, and of their parameters. */
export interface InheritedCount {
  tensors: number;
  parameters: number;
}

/**
 * Replaces the weights and states for which the source has something; gradients and what optimisers keep stay as
 * they are. The copies are recorded or written in order with everything else on the device: nothing is awaited.
 * @throws DataError or RangeError, with nothing replaced, where a piece does not fit its weight.
 */
export function inherit(store: WeightStore, source: WeightSource): InheritedCount {
  const { gpu } = store;
  const planned: { to: Tensor; pieces: Inherited }[] = [];
  const count = { tensors: 0, parameters: 0 };
  for (const { name, shape, trainable, tensor } of store.params()) {
    const pieces = source.lookup(name, shape, trainable);
    if (!pieces) continue;
    check(name, tensor!, pieces);
    planned.push({ to: tensor!, pieces });
    if (!trainable) continue;
    count.tensors++;
    count.parameters += numel(shape);
  }
  for (const { to, pieces } of planned) {
    // Uploaded donors of one weight give their memory to those of the next.
    using _staging = gpu.arena();
    const blocks = pieces.map(({ donor, start }) => ({
      donor: "data" in donor ? gpu.upload(new Float32Array(donor.data), donor.shape) : donor,
      start,
    }));
    if (blocks.length === 1) copyBlock(gpu, blocks[0], to);
    else recordMean(gpu, blocks, to);
  }
  return count;
}

/** A piece whose donor lies on the device. */
interface Block {
  donor: Tensor;
  start?: Shape;
}

function check(name: string, { shape, buffer }: Tensor, pieces: Inherited): void {
  if (!pieces.length) {
    throw new RangeError(
      `Cannot inherit ${name}: the source gave no pieces, expected some, or null`,
    );
  }
  for (const { donor, start = shape.map(() => 0) } of pieces) {
    if (!holds(donor.shape, shape, start)) {
      throw new RangeError(
        `Cannot inherit ${name}: a block [${shape}] from [${start}] on of a donor [${donor.shape}], expected ` +
          `as many axes, and a block that ends within each of them`,
      );
    }
    if ("data" in donor && donor.data.length !== numel(donor.shape)) {
      throw new DataError(
        `Cannot inherit ${name}: a donor [${donor.shape}] has ${donor.data.length} elements, expected ` +
          `${numel(donor.shape)}`,
      );
    }
    if ("buffer" in donor && donor.buffer === buffer) {
      throw new RangeError(
        `Cannot inherit ${name}: its donor lies in the same memory, expected another store's weight`,
      );
    }
  }
}

/** Whether a block of this shape, from these indices on, lies within a tensor. */
const holds = (have: Shape, shape: Shape, start: Shape): boolean =>
  have.length === shape.length && start.length === shape.length &&
  shape.every((n, i) => Number.isInteger(start[i]) && start[i] >= 0 && start[i] + n <= have[i]);

/** The sum of all blocks in a tensor of the pool, then scaled into place: a kernel cannot read where it writes. */
function recordMean(gpu: Gpu, [first, ...rest]: readonly Block[], to: Tensor): void {
  const temporary = (): Tensor => ({
    shape: to.shape,
    buffer: gpu.pool.acquire(numel(to.shape) * 4),
    offset: 0,
  });
  const sum = temporary(), cut = temporary();
  copyBlock(gpu, first, sum);
  for (const block of rest) {
    const whole = sameShape(block.donor.shape, to.shape);
    if (!whole) copyBlock(gpu, block, cut);
    accumulate(gpu, whole ? block.donor : cut, sum, true);
  }
  scaleInto(gpu, sum, to, 1 / (rest.length + 1), false);
  for (const { buffer } of [sum, cut]) gpu.pool.release(buffer);
}

/** Copies a block into a tensor of its shape. */
function copyBlock(gpu: Gpu, { donor, start }: Block, to: Tensor): void {
  const { words, starts } = runsOf(donor.shape, to.shape, start);
  const run = (t: Tensor, at: number): Tensor => ({ ...t, shape: [words], offset: t.offset + at });
  starts.forEach((from, i) => gpu.copy(run(donor, from), run(to, i * words)));
}

/** A block as runs of equally many contiguous elements: where each begins in the donor. */
function runsOf(
  have: Shape,
  shape: Shape,
  start: Shape = shape.map(() => 0),
): { words: number; starts: number[] } {
  // Axes behind the last one that is cut are whole.
  const cut = shape.findLastIndex((n, i) => n !== have[i]);
  const words = numel(shape.slice(Math.max(cut, 0)));
  let starts = [0];
  let stride = numel(have);
  for (let axis = 0; axis <= cut; axis++) {
    stride /= have[axis];
    const steps = axis < cut ? shape[axis] : 1;
    starts = starts.flatMap((at) =>
      Array.from({ length: steps }, (_, i) => at + (start[axis] + i) * stride)
    );
  }
  return { words, starts };
}
