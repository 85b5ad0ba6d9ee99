/**
 * onnxruntime's own WebGPU provider, on Dawn: one op as a model, in the form that `denas export` writes. Forward only,
 * timed by the device's clock from its profile, without the reordering of images at both ends of the model.
 */
import { join } from "node:path";
import { registry } from "../../src/autodiff/op.ts";
import { paramValue, Tape } from "../../src/autodiff/tape.ts";
import { relu } from "../../src/ops/mod.ts";
import { emitters } from "../../src/run/onnx/emitters.ts";
import { GraphBuilder, toNchwShape, transposed } from "../../src/run/onnx/graph.ts";
import { encodeModel } from "../../src/run/onnx/model.ts";
import { digest, inputsOf, type Job } from "../data.ts";
import { batchInputs } from "../shape_list.ts";
import type { Answer, Request } from "./mod.ts";
import type { Library } from "./serve.ts";

// deno-lint-ignore no-explicit-any -- the package is not among denas's own
type Onnxruntime = any;

export async function open(): Promise<Library> {
  const name = "onnxruntime-node";
  return new Provider(await import(name));
}

/** An event of onnxruntime's profile; those of the category "Api" are kernels, `dur` is in microseconds. */
interface Event {
  cat: string;
  name: string;
  dur: number;
}

/** Event of a node that only brings images into the provider's order of axes, or back. */
const reorders = ({ name }: Event) => name.startsWith("Transpose");

class Provider implements Library {
  readonly #folder = Deno.makeTempDirSync({ prefix: "denas-onnxruntime-" });

  constructor(private readonly ort: Onnxruntime) {}

  async answer(request: Request): Promise<Answer> {
    if (request.kind === "step") return { unable: "it does not train" };
    const { job, pass, samples } = request;
    if (pass !== "forward") return { unable: "it has no gradients" };
    if (job.op === "batch_norm") return { unable: "its norm has no statistics of the batch" };
    const data = inputsOf(job), [x] = data;
    const { ort } = this;
    const session = await ort.InferenceSession.create(modelOf(job, data), {
      executionProviders: ["webgpu"],
      enableProfiling: true,
      profileFilePrefix: join(this.#folder, "profile"),
    });
    const four = job.shapes[0].length === 4;
    const dims = four ? toNchwShape(job.shapes[0]) : job.shapes[0];
    const values = four ? transposed(x, job.shapes[0], [0, 3, 1, 2]) : x;
    const feeds = { x: new ort.Tensor("float32", values, dims) };
    let result: Float32Array | undefined;
    for (let i = 0; i < samples + 1; i++) result = (await session.run(feeds)).y.data;
    session.endProfiling();
    return { ms: this.#fastest(samples + 1), digest: digest(result!) };
  }

  /** Milliseconds of the fastest run but the first; reads and removes the profile. */
  #fastest(runs: number): number {
    const [{ name }] = Deno.readDirSync(this.#folder);
    const file = join(this.#folder, name);
    const events = (JSON.parse(Deno.readTextFileSync(file)) as Event[]).filter((e) =>
      e.cat === "Api"
    );
    Deno.removeSync(file);
    const each = events.length / runs;
    if (!each || !Number.isInteger(each)) {
      throw new Error(`its profile has ${events.length} kernels of ${runs} runs`);
    }
    const times = Array.from(
      { length: runs },
      (_, i) =>
        events.slice(i * each, (i + 1) * each).filter((e) => !reorders(e))
          .reduce((sum, { dur }) => sum + dur / 1000, 0),
    );
    return Math.min(...times.slice(1));
  }
}

/** The op as a model of its first input, NCHW; the others are constants. */
function modelOf(
  { op: name, shapes, params: { relu: before, ...params } }: Job,
  data: Float32Array[],
): Uint8Array {
  const op = registry.find((o) => o.name === name)!;
  const tape = new Tape();
  const image = tape.input(shapes[0]);
  const names = shapes.map((_, i) => `input${i}`), batched = batchInputs(name, shapes.length);
  const first = before ? relu(image) : image;
  if (before) {
    for (const values of data.slice(1, batched)) {
      values.forEach((v, i) => values[i] = Math.max(v, 0));
    }
  }
  const tensors = Object.fromEntries(
    names.map((name, i) => [name, { shape: [...shapes[i]], data: data[i] }]),
  );
  const inputs = shapes.map((shape, i) =>
    i ? paramValue({ name: names[i], shape, trainable: true }) : first
  );
  const [y] = tape.record(op, inputs, params);
  const graph = new GraphBuilder(emitters, tensors, "x");
  graph.addTape(tape.nodes, y);
  graph.finishNode("y", "Identity", [graph.add(y)]);
  const port = (name: string, shape: readonly number[]) =>
    ({
      name,
      type: "float",
      dims: shape.length === 4 ? toNchwShape(shape) : shape,
      note: "",
    }) as const;
  return encodeModel({
    ...{ name, note: "", nodes: graph.nodes, constants: graph.constants, metadata: {} },
    inputs: [port("x", shapes[0])],
    outputs: [port("y", y.shape)],
  });
}
