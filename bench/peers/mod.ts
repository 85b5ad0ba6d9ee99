/**
 * Other implementations on the same adapter, each in its own process with its own configuration: Deno fetches
 * every package that a configuration names, and a search does not need these.
 */
import { TextLineStream } from "../../tests/onnxruntime/lines.ts";
import type { MicroArch } from "../../src/nas/spaces/micro_arch.ts";
import type { Digest, Job } from "../data.ts";
import type { PassName } from "../shape_list.ts";

export const peerNames = [
  "tfjs-webgpu",
  "jax-js",
  "tfjs-wasm",
  "onnxruntime",
  "torch",
  "tinygrad",
] as const;
export type PeerName = typeof peerNames[number];
/** Peers of `--peers` alone; `torch` and `tinygrad` need a Python that has them, onnxruntime fetches 250 MB. */
export const fetchedPeers: readonly PeerName[] = ["tfjs-webgpu", "jax-js", "tfjs-wasm"];
/** Peers that compute on WebGPU, as denas does. */
export const onWebGpu: readonly PeerName[] = ["tfjs-webgpu", "jax-js", "onnxruntime", "tinygrad"];

/** A request to a peer's process, one line each. */
export type Request =
  | { kind: "pass"; job: Job; pass: PassName; samples: number }
  | { kind: "step"; job: StepJob; samples: number };

/** A child of the micro search, and the batch that it is trained on. */
export interface StepJob extends MicroArch {
  batch: number;
  input: readonly [number, number, number];
  filters: number;
  layers: number;
  stem: number;
  keep: number;
  epsilon: number;
  auxHead: boolean;
}

export type Answer =
  /** Milliseconds of the fastest sample, and a digest of the result where it can be compared. */
  | { ms: number; digest: Digest }
  /** For a step: milliseconds by the wall clock and by the device, and number of weights. */
  | StepAnswer
  /** Why it was not done. */
  | { unable: string };

export interface StepAnswer {
  ms: number;
  deviceMs: number;
  parameters: number;
}

/** Configurations of peers whose packages the others should not wait for. */
const configurations: Partial<Record<PeerName, string>> = { onnxruntime: "onnxruntime.json" };

export class Peer {
  readonly #child: Deno.ChildProcess;
  readonly #ask: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  constructor(readonly name: PeerName) {
    const here = (file: string) => new URL(file, import.meta.url).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--config", here(configurations[name] ?? "config.json")],
        here("serve.ts"),
        name,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#ask = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  async measure(request: Request): Promise<Answer> {
    await this.#ask.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    for (;;) {
      const { value } = await this.#answers.read();
      if (value === undefined) {
        throw new Error(`Cannot measure ${this.name}: its process has ended`);
      }
      // Libraries print greetings on stdout.
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }

  async close(): Promise<void> {
    await this.#ask.close();
    await this.#answers.cancel();
    await this.#child.status;
  }
}
