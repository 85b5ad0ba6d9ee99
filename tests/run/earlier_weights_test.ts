/** Weights of runs that are done, interrupted, or have none. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readEarlierWeights } from "../../src/run/earlier_weights.ts";
import { type Command, RunFolder } from "../../src/run/folder.ts";
import { encodeSafetensors } from "../../src/run/safetensors.ts";
import { assertThrows } from "../assert.ts";

const one = (value: number) => ({ shape: [1], data: Float32Array.of(value) });

function newRun(command: Command): RunFolder {
  const runs = Deno.makeTempDirSync({ prefix: "denas-" });
  return RunFolder.create({ runs, command, mode: command, config: {}, arch: "{}" });
}

Deno.test("the weights of a finished search are those of its supernet, without the optimiser's", () => {
  const folder = newRun("search");
  const tensors = { "trainer/weights/stem/w": one(3), "trainer/optimizer/stem": one(4) };
  Deno.writeFileSync(join(folder.path, "supernet.safetensors"), encodeSafetensors(tensors));
  folder.update({ status: "done" });
  folder.close();
  const weights = readEarlierWeights(folder.path, "retrain");
  assertEquals(weights, { from: folder.path, tensors: { "stem/w": one(3) }, statistics: false });
  assertEquals(readEarlierWeights(folder.path, "search").statistics, true);
});

for (const [command, prefix] of [["search", "evaluator/trainer/"], ["retrain", "trainer/"]]) {
  Deno.test(`the weights of an interrupted ${command} are those of its last checkpoint`, async () => {
    const folder = newRun(command as Command);
    assertThrows(
      () => readEarlierWeights(folder.path, "retrain"),
      /^Cannot start from .*: the run is running and has no weights, expected a run with a checkpoint/,
    );
    const tensors = { [`${prefix}weights/stem/w`]: one(5), [`${prefix}optimizer/stem`]: one(6) };
    await folder.save({ json: {}, tensors });
    folder.update({ status: "interrupted" });
    folder.close();
    assertEquals(readEarlierWeights(folder.path, "retrain").tensors, { "stem/w": one(5) });
  });
}

Deno.test("a folder that is no run is named", () => {
  assertThrows(() => readEarlierWeights("/nowhere", "search"), /^Cannot open run \/nowhere: /);
});
