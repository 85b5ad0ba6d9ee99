/** Figures of many steps gathered on the device, since one read-back costs as much as many small steps. */
import gatherScalarsWgsl from "../../kernels/gather_scalars.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Tensor } from "../gpu/tensor.ts";

const gather = kernel("gather_scalars", gatherScalarsWgsl);
const SOURCES = ["a", "b", "c", "d", "e", "f", "g"];

export class Metrics {
  readonly #rows: Tensor;

  /** Room for `slots` rows of `width` figures. */
  constructor(
    private readonly gpu: Gpu,
    private readonly slots: number,
    private readonly width: number,
  ) {
    this.#rows = gpu.empty([slots, width]);
  }

  /** Records copies of tensors of one element each into a row. */
  record(slot: number, tensors: readonly Tensor[]): void {
    if (!(slot >= 0 && slot < this.slots && tensors.length === this.width)) {
      throw new RangeError(
        `Cannot record ${tensors.length} figures in slot ${slot}: expected ${this.width} figures and a slot ` +
          `below ${this.slots}`,
      );
    }
    for (let first = 0; first < this.width; first += SOURCES.length) {
      const part = tensors.slice(first, first + SOURCES.length);
      const y = { ...this.#rows, offset: slot * this.width + first };
      const sources = SOURCES.map((name, i) => [name, part[i] ?? part[0]]);
      this.gpu.run(gather, { ...Object.fromEntries(sources), y }, { n: part.length }, [1]);
    }
  }

  /** The first `rows` rows, in one read-back. */
  async read(rows = this.slots): Promise<Float32Array[]> {
    const [all] = await this.gpu.read([{ ...this.#rows, shape: [rows, this.width] }]);
    return Array.from(
      { length: rows },
      (_, i) => all.subarray(i * this.width, (i + 1) * this.width),
    );
  }
}
