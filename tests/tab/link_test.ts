/** The link of a run fills the form with the settings that the run had. */
import { assertEquals, assertThrows } from "@std/assert";
import { fragmentOf, overridesOf, seedsOf } from "../../src/http/ui/tab/link.js";
import type { Overrides } from "../../src/nas/config/config.ts";
import { presetsOf } from "../../src/nas/config/presets.ts";
import { spaces } from "../../src/nas/registry.ts";
import { memoryDisk } from "../../src/tab/disk.ts";
import { type SearchOrder, Service } from "../../src/tab/service.ts";

const service = new Service(memoryDisk(), new URL("http://localhost/tab/"), () => {});
const engine = { ask: (_: string, order: SearchOrder) => Promise.resolve(service.settings(order)) };

Deno.test("links repeat the settings of all spaces and presets", async () => {
  const changed = { batch: 8, epochs: 3, "optimizer.lrMax": 0.125, "selection.drawn": 7, seed: 5 };
  let links = 0;
  for (const space of spaces.all()) {
    for (const preset of presetsOf(space)) {
      for (const overrides of [{}, changed] as Overrides[]) {
        const seeds = [Number(overrides.seed ?? 1)];
        const config = service.settings({ mode: space.name, preset, seeds, overrides });
        const query = new URLSearchParams((await fragmentOf(engine, { config })).split("?")[1]);
        const field = (name: string) => query.get(name) ?? "";
        const again = service.settings({
          mode: field("mode"),
          preset: field("preset"),
          seeds: seedsOf(field("seeds")),
          overrides: overridesOf({
            strategy: field("strategy"),
            evaluator: field("evaluator"),
            epochs: field("epochs"),
            set: field("set"),
          }),
        });
        assertEquals(again, config);
        links++;
      }
    }
  }
  assertEquals(links >= 2 * spaces.all().length, true);
});

Deno.test("words of the form that are no settings are named", () => {
  const fields = { strategy: "", evaluator: "", epochs: "" };
  assertEquals(overridesOf({ ...fields, set: " a.b=1  c=x=y " }), { "a.b": 1, c: "x=y" });
  assertThrows(() => overridesOf({ ...fields, set: "batch 32" }), /Cannot read batch: expected/);
  assertEquals([seedsOf(""), seedsOf("1, 2 3")], [[1], [1, 2, 3]]);
});
