import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { formatArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { flatPng } from "../data/make.ts";
import { denas } from "./command.ts";

/** Red pictures have the label red, bright ones bright; every fourth has neither. */
async function newFolder(): Promise<string> {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  for (const [part, n] of Object.entries({ train: 20, test: 7 })) {
    const dir = join(here, "pictures", part);
    await Deno.mkdir(dir, { recursive: true });
    const lines = ["file,red,bright"];
    for (let i = 0; i < n; i++) {
      const [red, bright] = [i & 1, i >> 1 & 1];
      const value = 60 + 120 * bright;
      await Deno.writeFile(
        join(dir, `${i}.png`),
        flatPng(16, 16, [value + 60 * red, value, value]),
      );
      lines.push(`${i}.png,${red},${bright}`);
    }
    await Deno.writeTextFile(join(dir, "labels.csv"), lines.join("\n"));
  }
  const arch = formatArchFile({
    ...{ format: "denas-arch", version: 2, space: "macro", input: [16, 16, 3] },
    ...{ classes: ["red", "bright"], choice: [0, 0, 1, 0, 1, 1] },
    settings: { stem: 2, layers: 3, filters: 4 },
  });
  Deno.writeTextFileSync(join(here, "arch.json"), arch);
  return here;
}

Deno.test("retraining on a table of labels ends with figures of each label", async () => {
  const env = { INIT_CWD: await newFolder() };
  const args = ["retrain", "--preset", "smoke", "--data", "pictures", "--image", "16"];
  const { code, stdout, stderr } = await denas([...args, "--batch", "6", "--wait"], env);
  assertEquals(code, 0, stderr);
  assert(stderr.includes("18 training, 2 validation, 7 test images of 16×16×3, 2 classes, any"));
  assert(/^class +images +precision +recall +F1 +average precision$/m.test(stdout), stdout);
  assert(/^red +3 .*\nbright +3 /m.test(stdout), stdout);
  assert(/^test accuracy +[\d.]+ %, every label of an image right$/m.test(stdout), stdout);
  assert(
    /^constant answer +28\.57 % at best\nmean avg\. precision [\d.]+ %$/m.test(stdout),
    stdout,
  );
  assert(!stdout.includes("predicted"), "no confusion matrix");

  const table = join(env.INIT_CWD, "pictures", "test", "labels.csv");
  Deno.writeTextFileSync(table, Deno.readTextFileSync(table).replace("2.png,0,1", "2.png,0,yes"));
  const wrong = await denas(args, env);
  assertEquals(wrong.code, 1);
  assert(
    wrong.stderr.endsWith('line 4 has "yes" in column bright, expected 0 or 1\n'),
    wrong.stderr,
  );
});
