/**
 * The page of the tab in a real browser, by hand: `deno run -A bench/tab.ts PART… [--at 1,5,9]…`. Parts:
 * `start` (first paint, first training step of the preset `smoke`), `kill` (the renderer is killed at these steps of a
 * run, which is resumed each time; each `--at` is a run of its own), `destroy` (the same with the device, which is
 * replaced by itself), `hidden` (steps per second while the tab is hidden for two minutes, and while it is shown),
 * `sized` (a search that is sized by measuring the device, up to the end of its first epoch).
 * The exit code is 1 when a run does not end as one that was left alone.
 */
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { Browsing } from "../tests/http/browser.ts";
import { serve } from "../tests/http/serving.ts";
import { inTab } from "../tests/tab/small.ts";
import { measureHidden } from "./tab_hidden.ts";
import {
  openForm,
  readRunLines,
  readRunText,
  startSearch,
  untilState,
  untilStep,
  type Wanted,
} from "./tab_pages.ts";

const { values, positionals: parts } = parseArgs({
  allowPositionals: true,
  options: { at: { type: "string", multiple: true } },
});
const given = values.at?.map((steps) => steps.split(",").map(Number));
/** Steps at which each run is killed; it has 16. */
const kills = given ?? [[1, 3, 5, 7, 9], [2, 4, 6, 8, 10]];
/** Steps at which devices are lost: three losses without a checkpoint, as at each epoch's end (8), end a run. */
const losses = given ?? [[1, 5, 9, 12], [2, 6, 10, 13], [3, 7]];

await using served = await serve();
const browsing = new Browsing(["--enable-unsafe-webgpu"]);
await using opened = await browsing.open();
const context = opened.page.context();
context.setDefaultTimeout(600_000);
const base = `${served.server.url}tab/`;
await served.get("/tab/"); // Bundling is not measured.

const form = (wanted: Wanted): Promise<Page> => openForm(context, base, wanted);
const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1);

/** What must be the same however often a run was interrupted. */
async function outcome(page: Page, run: string): Promise<string> {
  const events = await readRunLines(page, run, "events.ndjson");
  const losses = new Map(events.filter((e) => e.type === "step").map((e) => [e.step, e.loss]));
  const trials = (await readRunLines(page, run, "trials.ndjson"))
    .map(({ trial, choice, score }) => ({ trial, choice, score }));
  return JSON.stringify([[...losses], trials, await readRunText(page, run, "arch.json")]);
}

let failed = 0;
let expected: string | null = null;

/** A run of the small search for each list, interrupted by `interrupt` at these steps, and then left to its end. */
async function interrupted(
  what: string,
  all: readonly number[][],
  interrupt: (page: Page, run: string) => Promise<Page>,
): Promise<void> {
  if (expected === null) {
    const page = await form(inTab);
    const run = await startSearch(page);
    await untilState(page, "done");
    expected = await outcome(page, run);
    await page.close();
  }
  for (const steps of all) {
    let page = await form(inTab);
    await keepDevices(page);
    const began = performance.now();
    const run = await startSearch(page);
    for (const step of steps) {
      await untilStep(page, step);
      console.log(`  ${what} at step ${step}, after ${seconds(began)} s`);
      page = await interrupt(page, run);
    }
    await untilState(page, "done");
    const isSame = await outcome(page, run) === expected;
    const end = isSame ? "the end of a run left alone" : "ANOTHER END than a run left alone";
    console.log(`${what} at steps ${steps.join(", ")}: ${end}, after ${seconds(began)} s`);
    if (!isSame) failed = 1;
    await page.close();
  }
}

/** Keeps hold of the devices that the page's worker opens, to take them away. */
const keepDevices = (page: Page): Promise<void> =>
  page.workers()[0].evaluate(
    "globalThis.devices = [];" +
      "const { requestDevice } = GPUAdapter.prototype;" +
      "GPUAdapter.prototype.requestDevice = async function (...given) {" +
      "  devices.push(await requestDevice.apply(this, given)); return devices.at(-1); }",
  );

if (parts.includes("start")) {
  const page = await form({ mode: "micro", preset: "smoke", overrides: {} });
  const paint = await page.evaluate<number>(
    'performance.getEntriesByName("first-contentful-paint")[0].startTime',
  );
  console.log(`first paint after ${(paint / 1000).toFixed(2)} s`);
  const began = performance.now();
  await startSearch(page);
  await untilStep(page, 1);
  console.log(`first training step of smoke after ${seconds(began)} s`);
  await page.close();
}

if (parts.includes("kill")) {
  await interrupted("renderer killed", kills, async (page, run) => {
    await page.goto("chrome://crash").catch(() => {});
    await page.close();
    const again = await context.newPage();
    await again.goto(`${base}#/runs/${run}`);
    await untilState(again, "interrupted");
    await again.getByRole("button", { name: "Resume" }).click();
    return again;
  });
}

if (parts.includes("destroy")) {
  await interrupted("device destroyed", losses, async (page) => {
    await page.workers()[0].evaluate("globalThis.devices.at(-1).destroy()");
    return page;
  });
}

if (parts.includes("sized")) {
  const page = await form({ mode: "micro", preset: "sized", overrides: {} });
  const measuring = performance.now();
  await page.getByRole("button", { name: "Search", exact: true }).click();
  const said = page.getByRole("status").filter({ hasText: /Search starts it/ });
  await said.waitFor();
  console.log(`measured for ${seconds(measuring)} s: ${await said.textContent()}`);
  const began = performance.now();
  const run = await startSearch(page);
  await untilStep(page, 1);
  console.log(`first step after ${seconds(began)} s`);
  for (;;) {
    const epoch = (await readRunLines(page, run, "events.ndjson"))
      .find(({ type }) => type === "epoch");
    if (epoch) {
      console.log(
        `first epoch ended after ${seconds(began)} s; it took ${epoch.seconds.toFixed(1)} s`,
      );
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await page.close();
}

if (parts.includes("hidden")) {
  await opened.page.close();
  await measureHidden(base, { ...inTab, overrides: { ...inTab.overrides, epochs: 1000 } });
}

await browsing.close();
Deno.exit(failed);
