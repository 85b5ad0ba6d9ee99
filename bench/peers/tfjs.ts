/** TensorFlow.js: the WebGPU backend timed by passes, the WASM backend by the wall clock (forward only). */
import { digest, distinct, inputsOf, type Job, repeated, smallGradient } from "../data.ts";
import { batchInputs, type PassName } from "../shape_list.ts";
import type { Answer, Request } from "./mod.ts";
import type { Library } from "./serve.ts";
import { passesSoFar, passTimes, startCounting, watchPasses } from "./timestamps.ts";

/** TensorFlow.js without types: the project's own configuration does not know them. */
// deno-lint-ignore no-explicit-any
type Tf = any;
// deno-lint-ignore no-explicit-any
type Tensor = any;

export async function open(backend: "webgpu" | "wasm"): Promise<Library> {
  if (backend === "webgpu") watchPasses();
  // Imported by variables, so that the types are not checked.
  const [core, plugin] = ["@tensorflow/tfjs", `@tensorflow/tfjs-backend-${backend}`];
  const tf = await import(core);
  const wasm = await import(plugin);
  if (backend === "wasm") {
    wasm.setWasmPaths(new URL(".", import.meta.resolve(plugin)).href);
    wasm.setThreadsCount(navigator.hardwareConcurrency);
  }
  await tf.setBackend(backend);
  await tf.ready();
  if (tf.getBackend() !== backend) throw new Error(`Cannot use backend ${backend}`);
  return new TensorFlow(tf, backend);
}

type Params = { stride?: number; shift?: number; relu?: boolean; k?: number; padding?: string };

class TensorFlow implements Library {
  #key = "";
  #inputs: Tensor[] = [];
  #dy: Tensor = null;

  constructor(private readonly tf: Tf, private readonly backend: string) {}

  async answer(request: Request): Promise<Answer> {
    if (request.kind === "step") {
      const { timeStep } = await import("./tfjs_step.ts");
      if (this.backend === "wasm") return { unable: "gradients are not compared" };
      return await timeStep(this.tf, request.job, request.samples);
    }
    const { job, pass, samples } = request;
    if (this.backend === "wasm" && pass !== "forward") {
      return { unable: "gradients are not compared" };
    }
    const f = this.#function(job);
    if (!f) return { unable: `${job.op} is not compared` };
    this.#prepare(job, f);
    const one = this.backend === "wasm" ? () => this.#wall(f) : () => this.#passes(job, pass, f);
    const first = await one();
    let ms = Infinity;
    for (let i = 0; i < samples; i++) ms = Math.min(ms, (await one()).ms);
    return { ms, digest: first.digest };
  }

  /** Makes the tensors of this job, unless they exist. */
  #prepare(job: Job, f: (x: Tensor[]) => Tensor): void {
    const key = JSON.stringify(job);
    if (key === this.#key) return;
    this.tf.dispose([...this.#inputs, this.#dy].filter(Boolean));
    const images = distinct(job.shapes[0][0]);
    this.#inputs = inputsOf(job).map((values, i) => this.tf.tensor(values, job.shapes[i]));
    const out: number[] = this.tf.tidy(() => f(this.#inputs).shape);
    this.#dy = this.tf.tensor(repeated(smallGradient(out, images), out), out);
    this.#key = key;
  }

  /** Runs once on the device and sums the times that belong to `pass`. */
  async #passes(job: Job, pass: PassName, f: (x: Tensor[]) => Tensor) {
    const { tf } = this;
    const all = this.#inputs, batched = batchInputs(job.op, all.length);
    let from = 0;
    const marked = (x: Tensor[]) => {
      const y = f(x);
      flush(tf);
      from = passesSoFar();
      return y;
    };
    startCounting();
    let results: Tensor[];
    if (pass === "forward") results = [tf.tidy(() => f(all))];
    else {
      // The running statistics of a batch norm have no gradient.
      const inputs = job.op === "batch_norm" ? 3 : all.length;
      const wanted = (i: number) => (i < batched) === (pass === "input gradient") && i < inputs;
      const at = all.flatMap((_, i) => wanted(i) ? [i] : []);
      const g = tf.grads((...x: Tensor[]) =>
        marked(all.map((t, i) => wanted(i) ? x[at.indexOf(i)] : t))
      );
      results = tf.tidy(() => g(at.map((i) => all[i]), this.#dy));
    }
    flush(tf);
    const times = await passTimes();
    const values = await Promise.all(results.map((r) => r.data()));
    tf.dispose(results);
    const sums = values.map(digest);
    return {
      ms: times.slice(from).reduce((a, b) => a + b, 0),
      digest: {
        sum: sums.reduce((a, d) => a + d.sum, 0),
        magnitude: sums.reduce((a, d) => a + d.magnitude, 0),
      },
    };
  }

  /** Times on the host, where everything is synchronous. */
  #wall(f: (x: Tensor[]) => Tensor) {
    const start = performance.now();
    const y = this.tf.tidy(() => f(this.#inputs));
    const values = y.dataSync();
    const ms = performance.now() - start;
    y.dispose();
    return Promise.resolve({ ms, digest: digest(values) });
  }

  /** The op written in idiomatic TensorFlow.js; null where it is not compared. */
  #function({ op, shapes, params }: Job): ((x: Tensor[]) => Tensor) | null {
    const { tf } = this;
    const { stride = 1, shift = 0, relu, k = 1, padding = "same" } = params as Params;
    const act = (x: Tensor) => relu ? tf.relu(x) : x;
    const half = shapes.length / 2;
    switch (op) {
      case "conv2d":
        return ([x, w]) => tf.conv2d(act(x), w, stride, "same");
      case "depthwise_conv2d":
        return ([x, w]) => tf.depthwiseConv2d(act(x), w, stride, "same");
      case "pointwise":
        if (shapes[0].length !== 4 || shift) return null;
        return (all) => {
          const x = half > 1 ? tf.concat(all.slice(0, half), 3) : all[0];
          const w = half > 1 ? tf.concat(all.slice(half), 0) : all[1];
          return tf.conv2d(act(x), tf.reshape(w, [1, 1, ...w.shape]), stride, "same");
        };
      case "matmul":
        return ([x, w]) => tf.matMul(x, w);
      case "avg_pool2d":
        return ([x]) => tf.avgPool(x, k, stride, padding);
      case "max_pool2d":
        return ([x]) => tf.maxPool(x, k, stride, padding);
      case "batch_norm":
        return (all) => batchNorm(tf, all, params);
      case "add":
        return ([a, b]) => tf.add(a, b);
      case "concat":
        return (all) => tf.concat(all, 3);
      case "global_avg_pool":
        return ([x]) => tf.mean(act(x), [1, 2]);
    }
    return null;
  }
}

/** Submits recorded work; the library does so when results are read, or after some dispatches. */
export function flush(tf: Tf): void {
  const backend = tf.backend();
  if (!backend.commandEncoder) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

/** Batch norm with batch statistics, as its layers compute them in training, without running statistics. */
export function batchNorm(
  tf: Tf,
  [x, gamma, beta]: Tensor[],
  { epsilon, relu }: { epsilon?: number; relu?: boolean },
): Tensor {
  const axes = x.shape.slice(1).map((_: number, i: number) => i);
  const { mean, variance } = tf.moments(x, axes);
  const y = tf.batchNorm(x, mean, variance, beta, gamma, epsilon);
  return relu ? tf.relu(y) : y;
}
