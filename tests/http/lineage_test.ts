/** The lineage of a search: its drawing, and its panel on the page. */
import { assert, assertEquals } from "@std/assert";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { changeOf, epochsSpent, plotLineage } from "../../src/run/drawing/lineage.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { historyOf } from "../../src/run/history.ts";
import { browserPath, Browsing } from "./browser.ts";
import { makeRun } from "./made_run.ts";
import { serve } from "./serving.ts";

const config = resolveSearchConfig({
  mode: "modular",
  overrides: {
    "evaluator.kind": "operation-sum",
    "space.minModules": 2,
    "space.maxModules": 4,
    rounds: 20,
  },
});

async function events(): Promise<RunEvent[]> {
  const found: RunEvent[] = [];
  const io = { signal: new AbortController().signal, store: memoryStore() };
  for await (const event of search(config, io)) {
    // As if children had been trained for fewer epochs.
    const epochs = event.type === "trial" && event.on === "reward"
      ? { trainedEpochs: event.parents ? 60 : 108, inherit: [] }
      : {};
    found.push({ ...event, ...epochs } as RunEvent);
  }
  return found;
}

Deno.test("a change is told in the words of the decisions that differ", () => {
  const space = openSpace(config.space);
  assertEquals(changeOf(space, [1, 0, 1, 2], [1, 0, 3, 2]), "position1/module: 1 → 3");
  assertEquals(changeOf(space, [0, 0, 1], [1, 0, 1, 2]), "length: 2 → 3, position2/module: – → 2");
  assertEquals(changeOf(space, [0, 0, 1], [0, 0, 1]), "nothing");
  assertEquals(changeOf(space, [2, 0, 0, 0, 0], [2, 1, 1, 1, 1]), "4 decisions");
});

Deno.test("a lineage has a mark for each trial, a line to each parent, and the epochs saved", async () => {
  const history = historyOf(await events(), "made");
  assertEquals(history.trials.length, 20);
  assertEquals(epochsSpent(history.trials), {
    spent: 4 * 108 + 16 * 60,
    saved: 16 * 48,
  });
  const svg = plotLineage(history, "made <run>");
  assertEquals(svg.match(/<circle [^>]*><title>/g)!.length, 20);
  assertEquals(svg.match(/<path d="M[^"]*C/g)!.length, 16);
  assert(svg.includes("Lineage of made &lt;run&gt;"));
  assert(svg.includes("1392 epochs trained, 768 saved against as many trainings from scratch"));
  assertEquals(plotLineage(history, "made <run>"), svg);
});

Deno.test({
  name: "the server draws a lineage, and its page shows it where trials have parents",
  ignore: browserPath === undefined,
  // Playwright keeps timers of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using served = await serve();
    const folder = RunFolder.create({
      runs: served.runs,
      command: "search",
      mode: "modular",
      config,
    });
    for (const event of await events()) folder.append(event);
    folder.update({ status: "done", space: "modular" });
    folder.close();
    const response = await served.get(`/runs/${folder.name}/lineage.svg`);
    assertEquals(response.headers.get("content-type"), "image/svg+xml; charset=utf-8");
    assert((await response.text()).includes(`Lineage of ${folder.name}`));
    const plain = await makeRun(served.runs, { epochs: 2, perEpoch: 20, stepsPerEpoch: 4 });
    assertEquals((await served.get(`/runs/${plain}/lineage.svg`)).status, 204);

    const browsing = new Browsing();
    {
      await using opened = await browsing.open();
      const { page } = opened;
      await page.route(/lineage\.svg$/, (route) => route.abort());
      await page.goto(`${served.server.url}#/runs/${folder.name}`);
      const again = page.locator(".lineage-panel").getByRole("button", { name: "Try again" });
      await again.waitFor();
      await page.unroute(/lineage\.svg$/);
      await again.click();
      await page.locator(".lineage-panel svg").waitFor();
      await page.goto(`${served.server.url}#/runs/${plain}`);
      await page.locator(".lineage-panel").waitFor({ state: "hidden" });
    }
    await browsing.close();
  },
});
