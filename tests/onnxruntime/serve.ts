/** Runs ONNX models: one job per line of stdin, one answer per line of stdout, numbers in files. */
import { TextLineStream } from "./lines.ts";
import type { Answer, Job } from "./mod.ts";

interface Ported {
  dims: readonly number[];
  data: Float32Array | Uint8Array;
}

/** The part of onnxruntime-web that is used here. */
interface Runtime {
  env: { wasm: { numThreads: number }; logLevel: string };
  Tensor: new (
    type: string,
    data: Float32Array | Uint8Array,
    dims: readonly number[],
  ) => Ported;
  InferenceSession: {
    create(model: Uint8Array): Promise<{
      run(feeds: Record<string, Ported>): Promise<Record<string, Ported>>;
      release(): Promise<void>;
    }>;
  };
}

// Imported by a variable: the project's own configuration does not name this package, which only tests need.
const name = "onnxruntime-web";
const ort: Runtime = await import(name);
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

async function answer({ model, input, folder }: Job): Promise<Answer> {
  const session = await ort.InferenceSession.create(Deno.readFileSync(model));
  const bytes = Deno.readFileSync(input.file);
  const data = input.type === "uint8" ? bytes : new Float32Array(bytes.buffer);
  const results = await session.run({
    [input.name]: new ort.Tensor(input.type, data, input.dims),
  });
  await session.release();
  return {
    outputs: Object.entries(results).map(([name, { dims, data }]) => {
      const file = `${folder}/${name}`;
      Deno.writeFileSync(
        file,
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      );
      return { name, dims: [...dims], file };
    }),
  };
}

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const reply = await answer(JSON.parse(line)).catch((e: Error): Answer => ({
    error: e.message,
  }));
  console.log(JSON.stringify(reply));
}
