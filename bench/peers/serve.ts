/** A peer's process: one request per line of stdin, one answer per line of stdout. */
import { TextLineStream } from "../../tests/onnxruntime/lines.ts";
import type { Answer, PeerName, Request } from "./mod.ts";

export interface Library {
  answer(request: Request): Promise<Answer>;
}

const libraries: Record<PeerName, () => Promise<Library>> = {
  "tfjs-webgpu": async () => (await import("./tfjs.ts")).open("webgpu"),
  "jax-js": async () => (await import("./jax.ts")).open(),
  "tfjs-wasm": async () => (await import("./tfjs.ts")).open("wasm"),
  onnxruntime: async () => (await import("./onnxruntime.ts")).open(),
  torch: async () => (await import("./python.ts")).open("torch_ops.py"),
  tinygrad: async () => (await import("./python.ts")).open("tinygrad_ops.py"),
};

const library = await libraries[Deno.args[0] as PeerName]();
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const answer = await library.answer(JSON.parse(line)).catch((error: Error): Answer => ({
    unable: error.message.split("\n")[0],
  }));
  console.log(JSON.stringify(answer));
}
// A library may have left a process of its own.
Deno.exit();
