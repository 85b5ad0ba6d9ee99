/** Weights of trials as safetensors in a folder of the run. */
import { join } from "@std/path";
import { DataError } from "../common/errors.ts";
import type { WeightFiles } from "../nas/search/inheritance.ts";
import { removeIfThere, requireFolder, writeAtomic } from "./files.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** The folder is made when the first weights are saved. */
export function weightFolder(folder: string): WeightFiles {
  const pathOf = (name: string) => join(folder, `${name}.safetensors`);
  return {
    // deno-lint-ignore require-await -- errors must reject, as the interface says
    async save(name, tensors) {
      requireFolder(folder);
      writeAtomic(pathOf(name), encodeSafetensors(tensors));
    },
    // deno-lint-ignore require-await
    async load(name) {
      const path = pathOf(name);
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        bytes = Deno.readFileSync(path);
      } catch (cause) {
        throw new DataError(
          `Cannot inherit weights: ${path} cannot be read, expected the weights of an earlier trial; put it ` +
            `back, or start the search again`,
          { cause },
        );
      }
      return decodeSafetensors(bytes, path).tensors;
    },
    // deno-lint-ignore require-await
    async remove(name) {
      removeIfThere(pathOf(name));
    },
  };
}
