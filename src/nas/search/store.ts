/** Storage of a run's state. The run folder (`src/run/`) implements it; a library user may bring another. */
import { DataError } from "../../common/errors.ts";
import type { State } from "../strategy.ts";
import type { WeightFiles } from "./inheritance.ts";

/** Storage for the checkpoint and the results of a search or a retraining. */
export interface Store {
  /** Replaces the checkpoint atomically. */
  save(state: State): Promise<void>;
  /** The last whole checkpoint, or null. */
  load(): Promise<State | null>;
  /**
   * Writes a named result beside the checkpoint (atomically): text, bytes, or tensors as safetensors.
   * @param metadata text kept in the header of a safetensors file.
   */
  put(
    name: string,
    content: string | Uint8Array | State["tensors"],
    metadata?: Record<string, string>,
  ): Promise<void>;
  /** Weights of single trials, for networks that inherit them. */
  readonly weights: WeightFiles;
}

/** Store in memory, for library use and tests. */
export function memoryStore(): Store & {
  files: Map<string, string | Uint8Array | State["tensors"]>;
} {
  let last: State | null = null;
  const files = new Map<string, string | Uint8Array | State["tensors"]>();
  const weights = new Map<string, State["tensors"]>();
  return {
    files,
    weights: {
      save: (name, tensors) => (weights.set(name, structuredClone(tensors)), Promise.resolve()),
      // deno-lint-ignore require-await -- errors must reject, as the interface says
      async load(name) {
        const found = weights.get(name);
        if (found) return structuredClone(found);
        throw new DataError(
          `Cannot read weights ${name}: there are none, expected those of a trial`,
        );
      },
      remove: (name) => (weights.delete(name), Promise.resolve()),
    },
    save: (state) => (last = structuredClone(state), Promise.resolve()),
    load: () => Promise.resolve(last && structuredClone(last)),
    put: (name, content) => (files.set(name, content), Promise.resolve()),
  };
}
