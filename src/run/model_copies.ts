/** Weights for the user's own folder, beside what the run's folder keeps. */
import { join } from "@std/path";
import type { Store } from "../nas/search/store.ts";
import type { State } from "../nas/strategy.ts";
import { requireFolder, writeAtomic } from "./files.ts";
import { encodeSafetensors } from "./safetensors.ts";

/** The same store; every named result that is tensors is written to the folder as well. */
export function withCopies(store: Store, folder: string): Store {
  requireFolder(folder);
  return {
    load: () => store.load(),
    save: (state) => store.save(state),
    async put(name, content, metadata) {
      await store.put(name, content, metadata);
      if (typeof content === "string" || content instanceof Uint8Array) return;
      writeAtomic(join(folder, name), encodeSafetensors(content, metadata));
    },
  };
}

/** Writes `params_000123.safetensors`: the weights after so many steps. */
export function writeParams(folder: string, step: number, tensors: State["tensors"]): void {
  requireFolder(folder);
  const name = `params_${String(step).padStart(6, "0")}.safetensors`;
  writeAtomic(join(folder, name), encodeSafetensors(tensors));
}
