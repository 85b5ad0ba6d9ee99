/** Texts of an architecture that only its space knows: strings of benchmarks, trees, terms. */
import { UsageError } from "../../common/errors.ts";
import { foundAt } from "../config/final_config.ts";
import { openSpace } from "../registry.ts";
import type { ArchFile } from "./arch_file.ts";
import { forms } from "./formats.ts";

/** Writes a text by its name. @throws UsageError listing the formats that the space has. */
export function writeText(arch: ArchFile, name: string): string {
  const space = openSpace(foundAt(arch));
  const texts = space.texts?.(space.decode(arch.choice)) ?? {};
  if (Object.hasOwn(texts, name)) return texts[name];
  throw new UsageError(
    `Cannot convert an architecture of ${arch.space} to ${JSON.stringify(name)}: expected one of ${
      [...forms, ...Object.keys(texts)].join(", ")
    }`,
  );
}
