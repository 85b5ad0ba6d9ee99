/** Copies of weights in the user's own folder, in addition to those in the run's folder. */
import { join } from "@std/path";
import type { Store } from "../nas/search/store.ts";
import type { State } from "../nas/strategy.ts";
import { requireFolder, writeAtomic } from "./files.ts";
import { encodeSafetensors } from "./safetensors.ts";

/** Wraps a store: every named result made of tensors is also written to the folder. */
export function withCopies(store: Store, folder: string): Store {
  requireFolder(folder);
  return {
    weights: store.weights,
    load: () => store.load(),
    save: (state) => store.save(state),
    async put(name, content, metadata) {
      await store.put(name, content, metadata);
      if (typeof content === "string" || content instanceof Uint8Array) return;
      writeAtomic(join(folder, name), encodeSafetensors(content, metadata));
    },
  };
}

/** Writes the weights after `step` steps as `params_000123.safetensors`. */
export function writeParams(folder: string, step: number, tensors: State["tensors"]): void {
  requireFolder(folder);
  const name = `params_${String(step).padStart(6, "0")}.safetensors`;
  writeAtomic(join(folder, name), encodeSafetensors(tensors));
}
