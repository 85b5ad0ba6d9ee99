/**
 * Checks an op on the device against its float64 reference: values, gradients against central differences
 * of the reference, accumulation into an existing gradient, and repeatability to the bit.
 */
import type { Gpu } from "../gpu/device.ts";
import { hash, uniform } from "../common/random.ts";
import {
  type Case,
  inputDtype,
  type InputKind,
  numel,
  type Op,
  outputDtype,
  type Shape,
  takesGradient,
  type Tensor,
} from "./op.ts";

const STEP = 1e-5;
/** Elements per input whose gradient is checked by differences: all of small inputs, a sample of large. */
const CHECKED = 48;
/** Guard elements behind each tensor: they show when a kernel reads or writes too far. */
const GUARD = 4096;
/** Bit patterns of float32: NaN; 0.5, the start value of accumulated gradients; 12345. */
const NAN = 0x7fc00000, HALF = 0x3f000000, FENCE = 0x4640e400;

/** How far an op on the device is from its float64 reference. */
export interface OpReport {
  /** Largest |got − want| over the largest |want|, of the values. */
  forward: number;
  /** The same of the gradients; null for ops without. */
  backward: number | null;
}

/** Distinct values on a grid without zero, shuffled: no ties for max, no kink within a difference step. */
export function testData(n: number, kind: InputKind, seed: number): Float64Array {
  if (typeof kind === "object" && "below" in kind) {
    return Float64Array.from({ length: n }, (_, i) => hash(seed, 90, 0, i) % kind.below);
  }
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, 91, 0, i) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  // Half-odd multiples of 2 / n in (−1, 1), exact in float32 as far as float32 goes.
  return Float64Array.from(order, (o) => {
    const unit = (o + 0.5) / n;
    const value = kind === "unit"
      ? unit
      : kind === "positive"
      ? 0.5 + unit
      : 2 * unit - 1 + (n % 2 ? 0.4 / n : 0);
    return Math.fround(typeof kind === "object" ? value * kind.within : value);
  });
}

/** Largest difference over the largest expected magnitude. */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) {
    throw new Error(`Cannot compare ${got.length} values with ${want.length}`);
  }
  let error = 0, size = 0;
  for (let i = 0; i < want.length; i++) {
    if (!Number.isFinite(got[i])) return Infinity;
    error = Math.max(error, Math.abs(got[i] - want[i]));
    size = Math.max(size, Math.abs(want[i]));
  }
  return size > 0 ? error / size : error;
}

interface Prepared {
  data: Float64Array[];
  integer: boolean[];
  tensors: Tensor[];
}

// deno-lint-ignore no-explicit-any
function prepare(gpu: Gpu, op: Op<any>, c: Case<unknown>, seed: number): Prepared {
  const kinds = c.shapes.map((_, i) => c.inputs?.[i] ?? "real");
  const data = c.shapes.map((s, i) => testData(numel(s), kinds[i], seed + i));
  const integer = c.shapes.map((_, i) => inputDtype(op, i) === "u32");
  const tensors = c.shapes.map((shape, i) =>
    guarded(gpu, integer[i] ? Uint32Array.from(data[i]) : Float32Array.from(data[i]), shape)
  );
  return { data, integer, tensors };
}

/** A tensor to read, followed by NaN: in a pooled buffer anything may follow. */
function guarded(
  gpu: Gpu,
  data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  shape: Shape,
): Tensor {
  const bits = new Uint32Array(data.length + GUARD).fill(NAN);
  bits.set(new Uint32Array(data.buffer));
  return { ...gpu.upload(bits), shape };
}

/** A tensor to write to, followed by words that have to stay: in a slab, the next weight starts there. */
function fenced(gpu: Gpu, shape: Shape, before: number): Tensor {
  const bits = new Uint32Array(numel(shape) + GUARD).fill(FENCE);
  bits.fill(before, 0, numel(shape));
  return { ...gpu.upload(bits), shape };
}

async function expectFences(gpu: Gpu, name: string, tensors: readonly Tensor[]): Promise<void> {
  const behind = tensors.map((t) => ({ ...t, offset: t.offset + numel(t.shape), shape: [GUARD] }));
  for (const [i, words] of (await gpu.readU32(behind)).entries()) {
    const at = words.findIndex((w) => w !== FENCE);
    if (at >= 0) throw new Error(`${name}: writes ${at + 1} elements past the end of result ${i}`);
  }
}

/** Runs one case; throws when two runs differ in a bit. */
// deno-lint-ignore no-explicit-any
export async function checkOp(gpu: Gpu, op: Op<any>, c: Case<any>, seed = 1): Promise<OpReport> {
  const { out, saved = [] } = op.shapes(c.shapes, c.params);
  const want = op.reference(prepare(gpu, op, c, seed).data, c.shapes, c.params);
  const runOnce = async () => {
    const { data, integer, tensors } = prepare(gpu, op, c, seed);
    const io = {
      inputs: tensors,
      out: out.map((s) => fenced(gpu, s, NAN)),
      saved: saved.map((s) => fenced(gpu, s, NAN)),
      params: c.params,
    };
    op.forward(gpu, io);
    await expectFences(gpu, op.name, [...io.out, ...io.saved]);
    const changed = (op.mutates ?? []).filter((i) => i < tensors.length);
    const values = [...io.out, ...changed.map((i) => tensors[i])];
    return { data, integer, io, got: await readAs(gpu, op, values) };
  };
  const first = await runOnce();
  const second = await runOnce();
  sameBits(op.name, first.got, second.got);
  const forward = Math.max(...first.got.map((g, i) => relativeError(g, want[i])));
  if (typeof op.backward === "string") return { forward, backward: null };

  const weights = out.map((s, i) =>
    takesGradient(op, i) ? testData(numel(s), "real", seed + 50 + i) : new Float64Array(numel(s))
  );
  const dy = weights.map((w, i) =>
    takesGradient(op, i) ? guarded(gpu, Float32Array.from(w), out[i]) : null
  );
  const handed = (i: number) => op.handsOver?.includes(i) ?? false;
  const wants = c.shapes.map((_, i) => !first.integer[i] && !op.mutates?.includes(i));
  const numeric = differences(op, c, first.data, weights, wants);
  const gradients = async (io: typeof first.io, add: boolean) => {
    const dx = c.shapes.map((s, i) =>
      wants[i] && !handed(i) ? { tensor: fenced(gpu, s, HALF), accumulate: add } : null
    );
    (op.backward as (g: Gpu, io: unknown) => void)(gpu, { ...io, dy, dx });
    const tensors = dx.flatMap((g) => g ? [g.tensor] : []);
    const got = await gpu.read(tensors);
    await expectFences(gpu, `${op.name}, backward`, tensors);
    // Gradients that are dy itself are accumulated by the scheduler, not by the op.
    const shared = Float32Array.from(weights[0], (w) => w + (add ? 0.5 : 0));
    return wants.flatMap((wanted, i) => !wanted ? [] : handed(i) ? [shared] : [got.shift()!]);
  };
  const plain = await gradients(first.io, false);
  sameBits(op.name, plain, await gradients(second.io, false));
  const added = await gradients(first.io, true);
  let error = 0;
  let k = 0;
  wants.forEach((wanted, i) => {
    if (!wanted) return;
    const { at, value } = numeric[i];
    const pick = (g: Float32Array, shift: number) => at.map((j) => g[j] - shift);
    const largest = Math.max(...value.map(Math.abs), 1e-3);
    for (const got of [pick(plain[k], 0), pick(added[k], 0.5)]) {
      got.forEach((g, j) => {
        const e = Math.abs(g - value[j]) / largest;
        error = Math.max(error, Number.isFinite(e) ? e : Infinity);
      });
    }
    k++;
  });
  return { forward, backward: error };
}

/** Reads outputs by their element types, then state that was changed in place, as float32. */
// deno-lint-ignore no-explicit-any
async function readAs(gpu: Gpu, op: Op<any>, tensors: Tensor[]): Promise<ArrayLike<number>[]> {
  return (await gpu.read(tensors)).map((f, i) =>
    outputDtype(op, i) === "u32" ? new Uint32Array(f.buffer, f.byteOffset, f.length) : f
  );
}

function sameBits(name: string, a: ArrayLike<number>[], b: ArrayLike<number>[]): void {
  a.forEach((x, i) => {
    for (let j = 0; j < x.length; j++) {
      if (!Object.is(x[j], b[i][j])) {
        throw new Error(`${name}: two runs differ at element ${j} of result ${i}`);
      }
    }
  });
}

function differences(
  // deno-lint-ignore no-explicit-any
  op: Op<any>,
  // deno-lint-ignore no-explicit-any
  c: Case<any>,
  data: Float64Array[],
  weights: Float64Array[],
  wants: boolean[],
): { at: number[]; value: number[] }[] {
  const loss = () => {
    const y = op.reference(data.map((d) => d.slice()), c.shapes, c.params);
    let sum = 0;
    weights.forEach((w, o) => w.forEach((v, i) => sum += v * y[o][i]));
    return sum;
  };
  return data.map((x, k) => {
    if (!wants[k]) return { at: [], value: [] };
    const at = x.length <= CHECKED
      ? [...x.keys()]
      : [...new Set(Array.from({ length: CHECKED }, (_, i) => hash(7, 92, k, i) % x.length))];
    const value = at.map((i) => {
      const v = x[i];
      x[i] = v + STEP;
      const up = loss();
      x[i] = v - STEP;
      const down = loss();
      x[i] = v;
      return (up - down) / (2 * STEP);
    });
    return { at, value };
  });
}
