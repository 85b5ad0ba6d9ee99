/** Batches made on the device: the bytes live there, a kernel gathers, augments and normalises. */
import imagesWgsl from "../../kernels/batch_images.wgsl" with { type: "text" };
import labelsWgsl from "../../kernels/batch_labels.wgsl" with { type: "text" };
import { UsageError } from "../common/errors.ts";
import { type Gpu, kernel, type Tensor } from "../gpu/mod.ts";
import { hash, Rng, Stream } from "../common/random.ts";
import { type Images, labelWidth, type Task } from "./dataset.ts";
import { type Chunk, DeviceBytes } from "./device_bytes.ts";

const imagesKernel = kernel("batch_images", imagesWgsl);
const labelsKernel = kernel("batch_labels", labelsWgsl);

/** Augmentation of training images (enas specification: pad, crop, flip, then CutOut). */
export interface Augment {
  /** Zeros on each side, after normalisation, from which a crop of the batch's size is taken. */
  pad: number;
  /** Crop images that are larger than the batch's at a random position, not around their centre. */
  crop?: boolean;
  /** Mirror left to right with probability ½. */
  flip: boolean;
  /** Side of the square that is set to zero; 0 for none. DeVries & Taylor 2017. */
  cutout: number;
  /** Sample the square's top left corner in the image, not its centre. */
  cutoutLegacy: boolean;
  /** Turn about the centre by an angle between −rotate and rotate, in radians at most 1.6; bilinear. */
  rotate?: number;
  /**
   * Shift up or down by at most this share of the height, and left or right of the width; bilinear, with the
   * edges repeated outwards (Keras: `fill_mode="nearest"`).
   */
  shift?: number;
  /** Images of `random` and `sequential` are augmented as well, by the numbers of step 0 in order (Q24). */
  inEvaluation?: boolean;
}

export interface BatchOptions {
  /** Height, width, channels; images with sizes of their own have as many pixels in each direction or more. */
  image: readonly [number, number, number];
  /** Mean and deviation per channel of pixels scaled to 0 … 1. */
  mean: readonly number[];
  deviation: readonly number[];
  /** Default "single-label". */
  task?: Task;
  /** Images in a batch. */
  batch: number;
  seed: number;
  /** Augmentation of `next`. */
  augment: Augment | null;
  /** Largest buffer on the device, in bytes; default 128 MiB. */
  chunkBytes?: number;
  /** Sets of more bytes stay in host memory and visit the device in shards; default 2 GiB. */
  dataMemory?: number;
}

/** Tensors that are overwritten by the next batch that is recorded. */
export interface Batch {
  /** (n, h, w, c) float32. */
  images: Tensor;
  /** (n) uint32: class indices; for several labels (n, classes) float32: 0 or 1. */
  labels: Tensor;
  n: number;
}

/** CutOut of half the image side, rounded down to even. */
export function cutoutSide(side: number): number {
  return Math.floor(side / 4) * 2;
}

const none: Augment = { pad: 0, flip: false, cutout: 0, cutoutLegacy: false };

/**
 * The images of one part of a data set as batches. The results of `next` and `random` depend only on the
 * options, the epoch and their arguments, to the bit; not on earlier calls or the division into chunks.
 */
export class Batches {
  /** Batches that `next` has in an epoch; the last one may be smaller. */
  readonly stepsPerEpoch: number;
  readonly n: number;
  readonly #bytes: DeviceBytes;
  readonly #labels: Tensor;
  /** Shape of one image's labels. */
  readonly #perImage: number[];
  readonly #order: Tensor;
  readonly #table: Tensor;
  readonly #out: { images: Tensor; labels: Tensor };
  #epoch = new Uint32Array();

  /** Throws UsageError where there are no images or a size does not fit. */
  constructor(
    private readonly gpu: Gpu,
    images: Images,
    private readonly options: BatchOptions,
  ) {
    const { image: [h, w, c], batch } = options;
    check(images, options);
    this.n = images.n;
    this.stepsPerEpoch = Math.ceil(images.n / batch);
    this.#bytes = new DeviceBytes(gpu, images, {
      size: [h, w],
      chunkBytes: options.chunkBytes ?? 2 ** 27,
      dataMemory: options.dataMemory ?? 2 ** 31,
    });
    const multi = options.task === "multi-label";
    // The kernel copies words, whatever they stand for.
    this.#labels = gpu.upload((multi ? Float32Array : Uint32Array).from(images.labels));
    this.#perImage = multi ? [labelWidth(images)] : [];
    this.#order = gpu.empty([images.n]);
    this.#table = gpu.upload(byteTable(options.mean, options.deviation));
    this.#out = {
      images: gpu.empty([batch, h, w, c]),
      labels: gpu.empty([batch, ...this.#perImage]),
    };
    this.startEpoch(0);
  }

  get #evaluated(): Augment {
    const { augment } = this.options;
    return augment?.inEvaluation ? augment : none;
  }

  /** Samples the order of an epoch: a permutation, of shards and inside them for sets in host memory. */
  startEpoch(epoch: number): void {
    const rng = new Rng(this.options.seed, Stream.data, epoch);
    const { chunks, resident } = this.#bytes;
    this.#epoch = resident ? rng.permutation(this.n) : byShards(chunks, rng, this.n);
    this.gpu.write(this.#order, this.#epoch);
  }

  /**
   * The training batch of a step: its index in the epoch is `step` modulo `stepsPerEpoch`, the random
   * numbers of the augmentation are those of `step`. Call `startEpoch` when an epoch begins.
   */
  next(step: number): Batch {
    const { batch, augment } = this.options;
    const start = (step % this.stepsPerEpoch) * batch;
    return this.#record(start, Math.min(batch, this.n - start), false, augment ?? none, step);
  }

  /**
   * A batch for a reward, by (seed, epoch, step): images follow each other in the epoch's order from a
   * random position on, so no image comes twice. `size` is at most that of the options.
   */
  random(step: number, size = this.options.batch): Batch {
    const start = hash(this.options.seed, Stream.data, step, 2 ** 31) % this.n;
    return this.#record(start, Math.min(size, this.n), false, this.#evaluated, step);
  }

  /**
   * The first `count` images in their order, each once; the last batch may be smaller.
   * @param size of a batch, at most that of the options.
   */
  *sequential(count: number = this.n, size = this.options.batch): Generator<Batch> {
    const end = Math.min(count, this.n);
    for (let start = 0; start < end; start += size) {
      yield this.#record(start, Math.min(size, end - start), true, this.#evaluated, 0);
    }
  }

  #record(start: number, n: number, inOrder: boolean, augment: Augment, step: number): Batch {
    const { gpu } = this;
    const { image: [h, w, c], seed } = this.options;
    const common = { n, start, total: this.n, in_order: inOrder };
    const order = this.#order;
    for (const chunk of this.#chunksOf(start, n, inOrder)) {
      const bytes = this.#bytes.tensor(chunk);
      const tables = { places: chunk.table, table: this.#table };
      gpu.run(imagesKernel, { bytes, order, ...tables, y: this.#out.images }, {
        ...common,
        ...{ h, w, c, first: chunk.first, count: chunk.count, seed, stream: Stream.augment, step },
        pad: augment.pad,
        crop: augment.crop ?? false,
        flip: augment.flip,
        cutout: augment.cutout,
        legacy: augment.cutoutLegacy,
        rotate: augment.rotate ?? 0,
        shift: augment.shift ?? 0,
      }, n * h * w);
    }
    const width = this.#perImage[0] ?? 1;
    const labels = { ...this.#out.labels, shape: [n, ...this.#perImage] };
    gpu.run(labelsKernel, { labels: this.#labels, order, y: this.#out.labels }, {
      ...common,
      width,
    }, n * width);
    return { images: { ...this.#out.images, shape: [n, h, w, c] }, labels, n };
  }

  /** The chunks that hold images of a batch; the one with the batch's first image comes first. */
  #chunksOf(start: number, n: number, inOrder: boolean): Iterable<Chunk> {
    const { chunks } = this.#bytes;
    const touched = new Set<Chunk>();
    for (let i = 0; i < n && touched.size < chunks.length; i++) {
      const place = (start + i) % this.n;
      touched.add(this.#bytes.chunkOf(inOrder ? place : this.#epoch[place]));
    }
    return touched;
  }
}

/** Shards in random order, each in random order. */
function byShards(chunks: readonly Chunk[], rng: Rng, n: number): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(n);
  let at = 0;
  for (const k of rng.permutation(chunks.length)) {
    const { first, count } = chunks[k];
    for (const i of rng.permutation(count)) order[at++] = first + i;
  }
  return order;
}

/** Entry c · 256 + v: the normalised value of byte v in channel c. */
function byteTable(mean: readonly number[], deviation: readonly number[]) {
  return Float32Array.from({ length: 256 * mean.length }, (_, i) => {
    const c = i >> 8;
    return ((i & 255) / 255 - mean[c]) / deviation[c];
  });
}

function check(images: Images, options: BatchOptions): void {
  const { image: [h, w, c], mean, deviation, batch, augment, task } = options;
  if (images.n === 0) throw new UsageError("Cannot make batches: got 0 images, expected some");
  const width = labelWidth(images);
  const widthFits = task === "multi-label" ? Number.isInteger(width) && width > 0 : width === 1;
  const { sizes } = images;
  const small = sizes?.findIndex((size, i) => size < [h, w][i % 2]) ?? -1;
  let area = sizes ? 0 : images.n * h * w;
  sizes?.forEach((height, i) => area += i % 2 === 0 ? height * sizes[i + 1] : 0);
  if (images.pixels.length !== area * c || small >= 0 || !widthFits) {
    throw new UsageError(
      `Cannot make batches: got ${images.pixels.length} bytes and ${images.labels.length} labels, ` +
        `expected ${images.n} images of ${h} × ${w} × ${c}${sizes ? " or more" : ""}`,
    );
  }
  if (mean.length !== c || deviation.length !== c) {
    throw new UsageError(
      `Cannot make batches: got ${mean.length} means and ${deviation.length} deviations, ` +
        `expected ${c}, one for each channel`,
    );
  }
  if (!Number.isInteger(batch) || batch < 1) {
    throw new UsageError(`Cannot make batches of ${batch}: expected a whole number above 0`);
  }
  if (augment?.shift && (augment.pad || augment.rotate)) {
    throw new UsageError(
      `Cannot augment with shift ${augment.shift}, pad ${augment.pad} and rotate ${
        augment.rotate ?? 0
      }: expected pad and rotate 0, for a shifted image is neither cropped nor turned`,
    );
  }
  for (const name of ["pad", "cutout"] as const) {
    const value = augment?.[name] ?? 0;
    if (!Number.isInteger(value) || value < 0) {
      throw new UsageError(
        `Cannot augment with ${name} ${value}: expected a whole number of pixels`,
      );
    }
  }
}
