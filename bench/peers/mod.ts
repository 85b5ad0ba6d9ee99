/**
 * Other implementations on the same adapter, each in a process of its own with a configuration of its own:
 * Deno fetches every package that a configuration names, and nobody who searches needs these.
 */
import { TextLineStream } from "../../tests/onnxruntime/lines.ts";
import type { MicroArch } from "../../src/nas/spaces/micro_arch.ts";
import type { Digest, Job } from "../data.ts";
import type { PassName } from "../shape_list.ts";

export const peerNames = ["tfjs-webgpu", "jax-js", "tfjs-wasm"] as const;
export type PeerName = typeof peerNames[number];
/** Those that compute where denas does. */
export const onWebGpu: readonly PeerName[] = ["tfjs-webgpu", "jax-js"];

/** One line of what a peer's process is asked. */
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
  /** Milliseconds of the fastest sample; what was computed, where it can be compared. */
  | { ms: number; digest: Digest }
  /** Of a step: the wall clock's milliseconds, those of the device alone, and its weights. */
  | StepAnswer
  /** Why it was not done. */
  | { unable: string };

export interface StepAnswer {
  ms: number;
  deviceMs: number;
  parameters: number;
}

export class Peer {
  readonly #child: Deno.ChildProcess;
  readonly #ask: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  constructor(readonly name: PeerName) {
    const here = (file: string) => new URL(file, import.meta.url).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--config", here("config.json"), here("serve.ts")],
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
      // Libraries greet on stdout.
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }

  async close(): Promise<void> {
    await this.#ask.close();
    await this.#answers.cancel();
    await this.#child.status;
  }
}
