/** A peer's process: one request per line of stdin, one answer per line of stdout. */
import { TextLineStream } from "../../tests/onnxruntime/lines.ts";
import type { Answer, PeerName, Request } from "./mod.ts";

export interface Library {
  answer(request: Request): Promise<Answer>;
}

const name = Deno.args[0] as PeerName;
const library: Library = name === "jax-js"
  ? await (await import("./jax.ts")).open()
  : await (await import("./tfjs.ts")).open(name === "tfjs-wasm" ? "wasm" : "webgpu");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const answer = await library.answer(JSON.parse(line)).catch((error: Error): Answer => ({
    unable: error.message.split("\n")[0],
  }));
  console.log(JSON.stringify(answer));
}
