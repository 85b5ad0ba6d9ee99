import { assertEquals } from "@std/assert";
import { countedParameters } from "../../../src/nas/evaluators/parameters.ts";
import { openSpace } from "../../../src/nas/registry.ts";
import { trees } from "../grammar/_trees.ts";

Deno.test("the debug loss of known trees is that of the published code, which counts no layer norm", () => {
  const space = openSpace({ kind: "grammar" });
  const losses = [trees[0], trees[1], trees[3]].map((tree) =>
    15_000_000 -
    countedParameters(space, space.notation!.parse(tree), {
      side: 32,
      classes: 10,
    })
  );
  assertEquals(losses, [14_197_574, 14_619_238, 14_615_222]);
});
