import dropPathWgsl from "../../kernels/drop_path.wgsl" with { type: "text" };
import dropPathDxWgsl from "../../kernels/drop_path_dx.wgsl" with { type: "text" };
import { type Case, defineOp, expectShape, type Grad, numel, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { salted, Stream, uniform } from "../common/random.ts";
import { add } from "./add.ts";
import { expectKeep } from "./dropout.ts";
import { type Draw, sameShape } from "./shapes.ts";
import { withUnused } from "./tiling.ts";

const forward = kernel("drop_path", dropPathWgsl);
const backward = kernel("drop_path_dx", dropPathDxWgsl);

/** How likely `addPaths` keeps a path, and the random numbers that decide. */
export interface DropPathParams extends Omit<Draw, "salt"> {
  /** Probability to keep, in (0, 1]. */
  keep: number;
  /** Salt of each path's random numbers; null if the path is never dropped. */
  salts: readonly [number | null, number | null];
}

/** Parameters of both kernels, with `each` elements per invocation. */
function common(shape: Shape, { keep, salts, seed, stream, step }: DropPathParams, each: number) {
  const perExample = numel(shape) / shape[0];
  const wide = perExample % 4 === 0;
  const n = wide ? perExample / 4 : perExample;
  const blocks = Math.ceil(n / each);
  const [a, b] = salts.map((salt) => ({
    keep: salt === null ? 1 : keep,
    stream: salted(stream, salt ?? 0),
  }));
  return {
    params: {
      T: wide ? "vec4f" : "f32",
      examples: shape[0],
      per_example: n,
      blocks,
      seed,
      step,
      keep_a: a.keep,
      stream_a: a.stream,
      keep_b: b.keep,
      stream_b: b.stream,
    },
    invocations: shape[0] * blocks,
  };
}

const op = defineOp<DropPathParams>({
  name: "drop_path",
  shapes: ([a, b], { keep }) => {
    expectKeep(keep, "drop_path");
    expectShape(sameShape(a, b), "drop_path", [a, b], "two equal shapes");
    return { out: [a] };
  },
  forward: (rec, { inputs: [a, b], out: [y], params: wanted }) => {
    const { params, invocations } = common(a.shape, wanted, 8);
    rec.run(forward, { a, b, y }, params, invocations);
  },
  backward: (rec, { dy: [dy], dx: [da, db], params: wanted }) => {
    const { params, invocations } = common(dy!.shape, wanted, 4);
    const record = (da: Grad | null, db: Grad | null) =>
      withUnused(rec, ["da", "db"], (unused) =>
        rec.run(backward, {
          dy: dy!,
          da: da?.tensor ?? unused.da,
          db: db?.tensor ?? unused.db,
        }, {
          ...params,
          skip_a: !da,
          add_a: da?.accumulate ?? false,
          skip_b: !db,
          add_b: db?.accumulate ?? false,
        }, invocations));
    // The same path twice: a buffer must not be bound writable twice.
    if (da && da.tensor.buffer === db?.tensor.buffer) {
      record(da, null);
      record(null, db);
    } else record(da, db);
  },
  reads: { inputs: false, out: false },
  reference: (paths, [shape], { keep, salts, seed, stream, step }) => {
    const perExample = numel(shape) / shape[0];
    const side = (x: Float64Array, salt: number | null, i: number) => {
      if (salt === null) return x[i];
      const u = uniform(seed, salted(stream, salt), step, Math.floor(i / perExample));
      return u < Math.fround(keep) ? x[i] / keep : 0;
    };
    return [paths[0].map((_, i) => side(paths[0], salts[0], i) + side(paths[1], salts[1], i))];
  },
  cases: ([
    [[1], [0, null]],
    [[3, 5], [null, 3]],
    [[7, 3, 5, 3], [4, 5]],
    [[5, 5, 5, 36], [6, 7]],
    [[70, 33], [8, null]],
    [[4, 9, 9, 1], [null, null]],
    [[9, 3, 3, 8], [9, 10]],
  ] as [number[], [number | null, number | null]][]).map(
    ([shape, salts], i): Case<DropPathParams> => ({
      shapes: [shape, shape],
      params: { keep: [0.9, 0.5, 0.6][i % 3], seed: 5, stream: Stream.dropPath, step: i, salts },
    }),
  ),
});

/**
 * a + b with drop-path (Larsson et al. 2017): each example (first axis) keeps a path as a whole with probability
 * `keep` and then divides it by that.
 */
export const addPaths = (a: Value, b: Value, params: DropPathParams): Value =>
  params.keep === 1 || params.salts.every((salt) => salt === null)
    ? add(a, b)
    : apply(op, [a, b], params)[0];
