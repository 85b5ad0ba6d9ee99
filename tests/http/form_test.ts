/** The form that starts runs, in a browser. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { SearchConfig } from "../../src/nas/config/config.ts";
import { assertAccessible, browserPath, Browsing } from "./browser.ts";
import { serve } from "./serving.ts";

const browsing = new Browsing();
/** Writes pictures of the page for inspection. */
const pictures = Deno.env.get("DENAS_PICTURES") ?? Deno.makeTempDirSync({ prefix: "denas-page-" });

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: browserPath === undefined,
    // The browser is shared; the last test closes it.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

test("the form has the fields of the chosen space, strategy and evaluator, and sends them", async () => {
  await using served = await serve();
  await using opened = await browsing.open();
  const { page, complaints } = opened;
  await page.goto(`${served.server.url}#/new`);
  await page.getByText("All settings").click();
  const field = (name: string) => page.locator(`[name="${name}"]`);
  const present = async (names: Record<string, number>) =>
    assertEquals(
      Object.fromEntries(
        await Promise.all(
          Object.keys(names).map(async (name) => [name, await field(name).count()] as const),
        ),
      ),
      names,
    );
  await present({ "space.blocks": 1, "space.branches": 0, "strategy.controller.lr": 1 });
  await page.getByText("enas: a controller that learns by REINFORCE").waitFor();

  const space = page.getByRole("combobox", { name: "Search space", exact: true });
  await space.selectOption("grammar");
  await field("space.grammar").selectOption("activations");
  await space.selectOption("macro");
  await field("preset").selectOption("smoke");
  await page.getByText("ENAS's whole networks").waitFor();
  await page.getByRole("combobox", { name: "Strategy", exact: true }).selectOption("evolution");
  await page.getByText("regularised evolution: winners of tournaments").waitFor();
  await present({ "space.blocks": 0, "space.branches": 1, "strategy.controller.lr": 0 });
  await page.locator('[name="strategy.population"][placeholder="4"]').waitFor();
  const evaluators = await field("evaluator").locator("option").allTextContents();
  assertEquals(evaluators.slice(0, 3), ["shared (preset)", "shared", "train"]);
  // Its settings name files.
  assert(!evaluators.includes("table"));
  await field("evaluator").selectOption("train");
  await present({ "evaluator.rewardBatch": 0, "evaluator.epochs": 1 });
  // The value of an empty field depends on all of them.
  await page.locator('[name="rounds"][placeholder="20"]').waitFor();
  await assertAccessible(page);
  await page.screenshot({ path: join(pictures, "settings.png"), fullPage: true });

  await field("space.layers").fill("4");
  await field("strategy.population").fill("7");
  await field("strategy.encoding.strict").selectOption("on");
  await field("evaluator.epochs").fill("3");
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForURL(/#\/runs\//);
  const [{ id }] = (await served.json<{ runs: { id: string }[] }>("/runs")).runs;
  const { config } = await served.json<{ config: SearchConfig }>(`/runs/${id}`);
  assertEquals([config.space.kind, config.space.layers], ["macro", 4]);
  const { kind, population, encoding } = config.strategy;
  assertEquals([kind, population, encoding.strict], ["evolution", 7, true]);
  assertEquals([config.evaluator.kind, config.evaluator.epochs], ["train", 3]);
  assertEquals((await served.send("POST", `/runs/${id}/stop`)).status, 202);
  assertEquals(complaints, []);
});

test("settings of the preset's own strategy are sent with its name", async () => {
  await using served = await serve();
  await using opened = await browsing.open();
  const { page, complaints } = opened;
  await page.goto(`${served.server.url}#/new`);
  await page.getByText("All settings").click();
  await page.locator('[name="strategy.controller.lr"]').fill("0.25");
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForURL(/#\/runs\//);
  const [{ id }] = (await served.json<{ runs: { id: string }[] }>("/runs")).runs;
  const { config } = await served.json<{ config: SearchConfig }>(`/runs/${id}`);
  assertEquals([config.strategy.kind, config.strategy.controller.lr], ["enas", 0.25]);
  assertEquals((await served.send("POST", `/runs/${id}/stop`)).status, 202);

  assertEquals(complaints, []);
});

test("the browser is closed", () => browsing.close());
