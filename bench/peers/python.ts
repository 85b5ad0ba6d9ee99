/** Libraries for Python, each a script in a process of `PYTHON` (by default python3), which has to have them. */
import { join } from "node:path";
import { TextLineStream } from "../../tests/onnxruntime/lines.ts";
import { distinct, inputsOf, type Job, repeated, smallGradient } from "../data.ts";
import { batchInputs } from "../shape_list.ts";
import type { Answer, Request } from "./mod.ts";
import type { Library } from "./serve.ts";

/** @param script a file beside this one; `op_requests.py` says what it is asked. */
export const open = (script: string): Library => new Python(script);

class Python implements Library {
  readonly #file = join(Deno.makeTempDirSync({ prefix: "denas-python-" }), "values");
  readonly #ask: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #key = "";
  #unable: string | undefined;

  constructor(script: string) {
    const args = [new URL(script, import.meta.url).pathname];
    const python = Deno.env.get("PYTHON") ?? "python3";
    const { stdin, stdout } = new Deno.Command(python, { args, stdin: "piped", stdout: "piped" })
      .spawn();
    this.#ask = stdin.getWriter();
    this.#answers = stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  async answer(request: Request): Promise<Answer> {
    if (request.kind === "step") return { unable: "bench/torch_step.ts compares whole steps" };
    const { job, pass, samples } = request;
    if (job.op === "batch_norm" && job.params.mode === "running") {
      return { unable: "statistics of the batch are compared" };
    }
    await this.#prepare(job);
    if (this.#unable) return { unable: this.#unable };
    const { ms, sum, magnitude } = await this.#request({ pass, samples });
    return { ms, digest: { sum, magnitude } };
  }

  async #prepare(job: Job): Promise<void> {
    const key = JSON.stringify(job);
    if (key === this.#key) return;
    const images = distinct(job.shapes[0][0]);
    await this.#write(inputsOf(job));
    const batched = batchInputs(job.op, job.shapes.length);
    const { shape, unable } = await this.#request({ ...job, batched, file: this.#file });
    this.#key = key;
    this.#unable = unable;
    if (unable) return;
    await this.#write([repeated(smallGradient(shape, images), shape)]);
    await this.#request({ dy: this.#file });
  }

  async #write(tensors: Float32Array<ArrayBuffer>[]): Promise<void> {
    await Deno.writeFile(this.#file, await new Blob(tensors).bytes());
  }

  // deno-lint-ignore no-explicit-any -- what the script answers
  async #request(message: unknown): Promise<any> {
    await this.#ask.write(new TextEncoder().encode(JSON.stringify(message) + "\n"));
    const { value } = await this.#answers.read();
    if (value === undefined) {
      throw new Error("its process has ended: has this Python what the script imports?");
    }
    return JSON.parse(value);
  }
}
