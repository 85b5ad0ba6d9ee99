/**
 * onnxruntime as an oracle, in a process with its own configuration: Deno fetches every package that the
 * project's configuration names before it runs anything, and a search does not need these 140 MB.
 */
import { join } from "@std/path";
import { TextLineStream } from "./lines.ts";

/** A request to the process: a model file, and the raw values of its only input. */
export interface Job {
  model: string;
  input: {
    name: string;
    type: "uint8" | "float32";
    dims: readonly number[];
    file: string;
  };
  /** Folder for the results. */
  folder: string;
}

export interface Answer {
  outputs?: { name: string; dims: number[]; file: string }[];
  error?: string;
}

export interface Input {
  name: string;
  dims: readonly number[];
  data: Uint8Array | Float32Array;
}

export class Onnxruntime {
  readonly #folder = Deno.makeTempDirSync({ prefix: "denas-onnx-" });
  readonly #child: Deno.ChildProcess;
  readonly #ask: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  constructor() {
    const here = (name: string) => new URL(name, import.meta.url).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "--config",
        here("config.json"),
        here("serve.ts"),
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#ask = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  /** Runs a model on one input; returns float32 results by name. @throws the errors of onnxruntime. */
  async run(
    model: Uint8Array,
    { name, dims, data }: Input,
  ): Promise<Record<string, { dims: number[]; data: Float32Array }>> {
    const [modelFile, file] = ["model.onnx", "input"].map((n) => join(this.#folder, n));
    Deno.writeFileSync(modelFile, model);
    Deno.writeFileSync(
      file,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    const type = data instanceof Uint8Array ? "uint8" : "float32";
    const job: Job = {
      model: modelFile,
      input: { name, type, dims, file },
      folder: this.#folder,
    };
    await this.#ask.write(new TextEncoder().encode(JSON.stringify(job) + "\n"));
    const { value } = await this.#answers.read();
    if (value === undefined) {
      throw new Error("Cannot run onnxruntime: its process has ended");
    }
    const { outputs, error }: Answer = JSON.parse(value);
    if (!outputs) {
      throw new Error(`Cannot run the model in onnxruntime: ${error}`);
    }
    return Object.fromEntries(outputs.map(({ name, dims, file }) => {
      return [name, {
        dims,
        data: new Float32Array(Deno.readFileSync(file).buffer),
      }];
    }));
  }

  /** Kills the process, where nothing can be awaited. */
  kill(): void {
    this.#child.kill();
    Deno.removeSync(this.#folder, { recursive: true });
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#ask.close();
    await this.#answers.cancel();
    await this.#child.status;
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
