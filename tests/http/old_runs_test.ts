/** Runs of the first version of denas are shown but cannot be resumed. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readState } from "../../src/run/state.ts";
import { browserPath, Browsing } from "./browser.ts";
import { makeOldRun } from "./made_old_run.ts";
import { serve } from "./serving.ts";

Deno.test("runs of the first version are listed and drawn", async () => {
  await using served = await serve();
  const { id, config } = await makeOldRun(served.runs);
  const [listed] = (await served.json<{ runs: Record<string, unknown>[] }>("/runs")).runs;
  const { mode, strategy, preset, seed, data, state } = listed;
  assertEquals({ mode, strategy, preset, seed, data, state }, {
    mode: "micro",
    strategy: "enas",
    preset: "smoke",
    seed: 1,
    data: "fashion-mnist",
    state: "done",
  });
  // deno-lint-ignore no-explicit-any -- as it comes
  const run = await served.json<any>(`/runs/${id}`);
  const { kind, layers, blocks, filters } = run.config.space;
  assertEquals({ kind, layers, blocks, filters }, {
    kind: "micro",
    layers: 3,
    blocks: 2,
    filters: 4,
  });
  assertEquals(run.config.strategy.controller, config.controller);
  assertEquals(run.decisions.length, run.controller.probabilities.length);
  for (const path of ["arch.svg", "trials/3/svg"]) {
    const svg = await served.get(`/runs/${id}/${path}`);
    assert((await svg.text()).includes("normal cell"), path);
  }
  // deno-lint-ignore no-explicit-any -- as it comes
  const trial = await served.json<any>(`/runs/${id}/trials/3`);
  assertEquals([trial.arch.version, trial.arch.settings.blocks], [2, 2]);
  assert(trial.parameters > 1000);
});

Deno.test("a run of the first version is not gone on with, and says why", async () => {
  await using served = await serve();
  const { id } = await makeOldRun(served.runs, 1);
  assertEquals((await served.send("POST", `/runs/${id}/resume`)).status, 202);
  const state = () => readState(join(served.runs, id));
  while (state().status !== "failed") await new Promise((resolve) => setTimeout(resolve, 100));
  const { error } = state();
  assert(error?.startsWith("Cannot ") && error.includes("version"), error);
});

Deno.test({
  name: "a run of the first version is drawn in a browser",
  ignore: browserPath === undefined,
  // Playwright keeps timers of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using served = await serve();
    const { id } = await makeOldRun(served.runs);
    const browsing = new Browsing();
    {
      await using opened = await browsing.open();
      const { page, complaints } = opened;
      await page.goto(`${served.server.url}#/runs/${id}`);
      await page.locator('.run-header .state[data-state="done"]').waitFor();
      await page.getByText("Search: micro, enas, smoke, seed 1").waitFor();
      await page.locator(".network-panel svg").first().waitFor();
      await page.locator(".map td").first().waitFor();
      assertEquals(complaints, []);
    }
    await browsing.close();
  },
});
