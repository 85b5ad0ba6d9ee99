import type { ArchFile } from "../../src/nas/arch_formats/arch_file.ts";

/** A micro architecture of one block per cell, for images of 8×8×3 and three classes. */
export const smallArch: ArchFile = {
  format: "denas-arch",
  version: 2,
  space: "micro",
  input: [8, 8, 3],
  classes: 3,
  choice: [0, 0, 1, 4, 1, 1, 0, 2],
  settings: { stem: 1, layers: 3, filters: 4, blocks: 1 },
};
