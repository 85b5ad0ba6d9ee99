/**
 * `controller.safetensors`: the controller of a search's best epoch. Its header holds the search's settings
 * and the fields of its architecture files, so that a copy of the file alone can be sampled from.
 */
import * as z from "zod";
import { DataError, whyUnreadable } from "../common/errors.ts";
import { archFile, upgradedArch } from "../nas/arch_formats/arch_file.ts";
import { upgradedConfig } from "../nas/config/old_formats.ts";
import { decodeSafetensors, type Tensors } from "./safetensors.ts";

export const CONTROLLER = "controller.safetensors";

/** All fields of an architecture file except the choice. */
const archFields = archFile.omit({ choice: true });

export interface ControllerFile {
  tensors: Tensors;
  /** Settings of the search, to be checked by its schema; absent when the file has none. */
  config?: Record<string, unknown>;
  fields?: z.infer<typeof archFields>;
}

/** Reads the file. @throws DataError when it cannot be read, or its header is damaged. */
export function readController(path: string): ControllerFile {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (cause) {
    throw new DataError(
      `Cannot read controller ${path}: ${
        whyUnreadable(cause)
      }, expected the ${CONTROLLER} of a search`,
      { cause },
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  if (metadata.config === undefined || metadata.arch === undefined) return { tensors };
  try {
    return {
      tensors,
      config: z.record(z.string(), z.unknown()).parse(upgradedConfig(JSON.parse(metadata.config))),
      fields: archFields.parse(upgradedArch(JSON.parse(metadata.arch))),
    };
  } catch (cause) {
    throw new DataError(
      `Cannot read controller ${path}: what its header tells of the search is damaged, expected a ` +
        `${CONTROLLER} as denas writes it`,
      { cause },
    );
  }
}
