/** jax-js on WebGPU, timed by passes, in its own layout: images [n, c, h, w], weights [co, ci / groups, k, k]. */
import { digest, distinct, inputsOf, type Job, repeated, smallGradient } from "../data.ts";
import { batchInputs } from "../shape_list.ts";
import type { Answer, Request } from "./mod.ts";
import type { Library } from "./serve.ts";
import { passesSoFar, passTimes, startCounting, watchPasses } from "./timestamps.ts";

// deno-lint-ignore no-explicit-any
type Jax = any;
// deno-lint-ignore no-explicit-any
type Array_ = any;

export async function open(): Promise<Library> {
  watchPasses();
  const name = "@jax-js/jax";
  const jax = await import(name);
  await jax.init("webgpu");
  jax.defaultDevice("webgpu");
  return new JaxJs(jax);
}

type Params = { stride?: number; shift?: number; relu?: boolean };

class JaxJs implements Library {
  #key = "";
  #inputs: Array_[] = [];
  #dy: Array_ = null;
  #f: Array_ = null;

  constructor(private readonly jax: Jax) {}

  async answer(request: Request): Promise<Answer> {
    if (request.kind === "step") return { unable: "whole steps are compared with TensorFlow.js" };
    const { job, pass, samples } = request;
    const f = this.#function(job);
    if (!f) return { unable: `${job.op} is not compared` };
    await this.#prepare(job, f);
    const one = async () => {
      const { jax } = this;
      startCounting();
      let from = 0;
      let results: Array_[];
      const refs = this.#inputs.map((x) => x.ref);
      if (pass === "forward") results = [this.#f(...refs)];
      else {
        const batched = batchInputs(job.op, refs.length);
        const wanted = (i: number) => (i < batched) === (pass === "input gradient");
        const [y, back] = jax.vjp(this.#partial(f, wanted), refs.filter((_, i) => wanted(i)));
        await jax.blockUntilReady(y);
        y.dispose();
        refs.forEach((r, i) => wanted(i) || r.dispose());
        from = passesSoFar();
        results = [...back(this.#dy.ref)].flat();
        back.dispose?.();
      }
      await jax.blockUntilReady(results);
      const times = await passTimes();
      const values = await Promise.all(results.map((r) => r.data()));
      const sums = values.map(digest);
      return {
        ms: times.slice(from).reduce((a, b) => a + b, 0),
        digest: {
          sum: sums.reduce((a, d) => a + d.sum, 0),
          magnitude: sums.reduce((a, d) => a + d.magnitude, 0),
        },
      };
    };
    const first = await one();
    let ms = Infinity;
    for (let i = 0; i < samples; i++) ms = Math.min(ms, (await one()).ms);
    return { ms, digest: first.digest };
  }

  /** The op as a function of the inputs whose gradient is wanted; the others are constants. */
  #partial(f: (x: Array_[]) => Array_, wanted: (i: number) => boolean) {
    return (...x: Array_[]) => {
      let next = 0;
      return f(this.#inputs.map((t, i) => wanted(i) ? x[next++] : t.ref));
    };
  }

  async #prepare(job: Job, f: (x: Array_[]) => Array_): Promise<void> {
    const key = JSON.stringify(job);
    if (key === this.#key) return;
    [...this.#inputs, this.#dy].forEach((x) => x?.dispose());
    const images = distinct(job.shapes[0][0]);
    const { numpy: np } = this.jax;
    const put = async (values: Float32Array, shape: readonly number[], axes = [0, 3, 1, 2]) => {
      const x = np.array(values).reshape([...shape]);
      const turned = shape.length === 4 ? np.transpose(x, axes) : x;
      return await this.jax.blockUntilReady(turned);
    };
    this.#inputs = [];
    for (const [i, values] of inputsOf(job).entries()) {
      const isWeight = i >= batchInputs(job.op, job.shapes.length);
      const axes = isWeight ? [3, 2, 0, 1] : undefined;
      this.#inputs.push(await put(values, weightShape(job, i), axes));
    }
    this.#f = this.jax.jit((...x: Array_[]) => f(x));
    const y = this.#f(...this.#inputs.map((x) => x.ref));
    const shape = y.shape.length === 4 ? [y.shape[0], y.shape[2], y.shape[3], y.shape[1]] : y.shape;
    await this.jax.blockUntilReady(y);
    y.dispose();
    this.#dy = await put(repeated(smallGradient(shape, images), shape), shape);
    this.#key = key;
  }

  #function({ op, shapes, params }: Job): ((x: Array_[]) => Array_) | null {
    const { lax, nn, numpy: np } = this.jax;
    const { stride = 1, shift = 0, relu } = params as Params;
    const act = (x: Array_) => relu ? nn.relu(x) : x;
    switch (op) {
      case "conv2d":
        return ([x, w]) => lax.conv(act(x), w, [stride, stride], "SAME");
      case "depthwise_conv2d":
        return ([x, w]) =>
          lax.convGeneralDilated(act(x), w, [stride, stride], "SAME", {
            featureGroupCount: shapes[0][3],
          });
      case "pointwise":
        if (shapes.length !== 2 || shapes[0].length !== 4 || shift) return null;
        return ([x, w]) => lax.conv(act(x), w, [stride, stride], "VALID");
      case "matmul":
        return ([x, w]) => np.matmul(x, w);
      case "add":
        return ([a, b]) => np.add(a, b);
    }
    return null;
  }
}

/** Weight shape that a convolution takes: depthwise [k, k, 1, c], 1×1 [1, 1, ci, co]. */
function weightShape({ op, shapes }: Job, i: number): readonly number[] {
  if (i !== 1) return shapes[i];
  const [a, b, c] = shapes[i];
  if (op === "depthwise_conv2d") return [a, b, 1, c];
  return op === "pointwise" ? [1, 1, a, b] : shapes[i];
}
