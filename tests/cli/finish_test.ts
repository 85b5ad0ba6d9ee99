import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { confusionTable, publishArch } from "../../src/cli/finish.ts";
import {
  type ArchFile,
  formatArchFile,
  parseArchFile,
} from "../../src/nas/arch_formats/arch_file.ts";
import { readForm } from "../../src/nas/arch_formats/mod.ts";

const arch: ArchFile = {
  format: "denas-arch",
  version: 2,
  space: "macro",
  input: [28, 28, 1],
  classes: ["a", "b"],
  choice: [0, 1, 1, 2, 0, 1],
  settings: { stem: 1, layers: 3, filters: 8 },
};

Deno.test("the winner replaces an older arch.json, and makes one where there is none", () => {
  const path = join(Deno.makeTempDirSync(), "arch.json");
  const older = formatArchFile({ ...arch, seed: 1 });
  assertEquals(publishArch(older, path), true);
  assertEquals(publishArch(formatArchFile(arch), path), true);
  assertEquals(parseArchFile(Deno.readTextFileSync(path), path), arch);
});

Deno.test("an arch.json that denas did not write is left as it is", () => {
  const path = join(Deno.makeTempDirSync(), "arch.json");
  for (const foreign of ["", "not json", '{"format":"other"}', "null", "[1]"]) {
    Deno.writeTextFileSync(path, foreign);
    assertEquals(publishArch(formatArchFile(arch), path), false);
    assertEquals(Deno.readTextFileSync(path), foreign);
  }
  const folder = Deno.makeTempDirSync();
  assertEquals(publishArch(formatArchFile(arch), folder), false);
});

Deno.test("the winner is written in the form that the file's name tells, over nothing but architectures", () => {
  const folder = Deno.makeTempDirSync();
  const text = formatArchFile(arch);
  const npy = join(folder, "macro_arch.npy");
  for (let i = 0; i < 2; i++) assertEquals(publishArch(text, npy), true);
  const { choice } = readForm(Deno.readFileSync(npy), npy, { numbering: "nnabla" }).arch;
  assertEquals(choice, arch.choice);
  const script = join(folder, "arch.txt");
  for (let i = 0; i < 2; i++) assertEquals(publishArch(text, script), true);
  assertEquals(Deno.readTextFileSync(script).trim().split(/\s+/).map(Number), arch.choice);
  const notes = join(folder, "notes.txt");
  Deno.writeTextFileSync(notes, "buy milk");
  assertEquals(publishArch(text, notes), false);
  assertEquals(Deno.readTextFileSync(notes), "buy milk");
});

Deno.test("rows of the confusion matrix are true classes", () => {
  assertEquals(
    confusionTable(["cat", "dog"], [[90, 10], [5, 95]]),
    `true \\ predicted   0   1
0 cat             90  10
1 dog              5  95`,
  );
  assert(confusionTable([], [[1]]).includes("class 0"));
});
