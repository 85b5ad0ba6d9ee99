/**
 * The page of the tab in a real browser, by hand: `deno run -A bench/tab.ts PART… [--times 10]`. Parts:
 * `start` (first paint, first training step of the preset `smoke`), `kill` (a renderer is killed at another step each
 * time, the run resumed), `destroy` (the same with the device).
 * The exit code is 1 when a run does not end as one that was left alone.
 */
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { Browsing } from "../tests/http/browser.ts";
import { serve } from "../tests/http/serving.ts";
import { inTab } from "../tests/tab/small.ts";

const { values, positionals: parts } = parseArgs({
  allowPositionals: true,
  options: { times: { type: "string", default: "10" } },
});
const times = Number(values.times);

await using served = await serve();
const browsing = new Browsing(["--enable-unsafe-webgpu"]);
await using opened = await browsing.open();
const context = opened.page.context();
context.setDefaultTimeout(600_000);
const base = `${served.server.url}tab/`;
await served.get("/tab/"); // Bundling is not measured.

/** Opens the form with made-up pictures and these settings. */
async function form(settings: object, preset: string): Promise<Page> {
  const page = await context.newPage();
  const words = Object.entries(settings).map(([name, v]) => `${name}=${JSON.stringify(v)}`);
  const query = new URLSearchParams({ mode: "micro", preset, set: words.join(" ") });
  await page.goto(`${base}#/new?${query}`);
  await page.getByRole("button", { name: "Try it with made-up pictures" }).click();
  await page.locator(".preview canvas").first().waitFor();
  return page;
}

/** Presses Search. @returns the run's name. */
async function start(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.waitForURL(/#\/runs\//);
  return decodeURIComponent(page.url().split("#/runs/")[1]);
}

const state = (page: Page, word: string) =>
  page.locator(`.run-header .state[data-state="${word}"]`).waitFor();

/** Waits until the page shows this step or a later one. */
async function step(page: Page, n: number): Promise<void> {
  const shown = page.locator(".figure.epoch .note");
  for (;;) {
    const found = /^step (\d+)/.exec(await shown.textContent() ?? "");
    if (found && Number(found[1]) >= n) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Text of a file of a run. */
const read = (page: Page, run: string, file: string) =>
  page.evaluate<string>(`(async () => {
    let folder = await navigator.storage.getDirectory();
    for (const name of ["denas", "runs", ${
    JSON.stringify(run)
  }]) folder = await folder.getDirectoryHandle(name);
    return await (await (await folder.getFileHandle("${file}")).getFile()).text();
  })()`);

const lines = (text: string) => text.trim().split("\n").map((line) => JSON.parse(line));

/** What must be the same however often a run was interrupted. */
async function outcome(page: Page, run: string): Promise<string> {
  const events = lines(await read(page, run, "events.ndjson"));
  const losses = new Map(events.filter((e) => e.type === "step").map((e) => [e.step, e.loss]));
  const trials = lines(await read(page, run, "trials.ndjson"))
    .map(({ trial, choice, score }) => ({ trial, choice, score }));
  return JSON.stringify([[...losses], trials, await read(page, run, "arch.json")]);
}

let failed = 0;
let expected: string | null = null;

/** Runs the small search `times` times, interrupted by `interrupt` at another step each time. */
async function interrupted(
  what: string,
  interrupt: (page: Page, run: string) => Promise<Page>,
): Promise<void> {
  if (expected === null) {
    const page = await form(inTab.overrides, "smoke");
    const run = await start(page);
    await state(page, "done");
    expected = await outcome(page, run);
    await page.close();
  }
  let same = 0;
  for (let i = 0; i < times; i++) {
    let page = await form(inTab.overrides, "smoke");
    const devices = "globalThis.devices = [];" +
      "const { requestDevice } = GPUAdapter.prototype;" +
      "GPUAdapter.prototype.requestDevice = async function (...given) {" +
      "  devices.push(await requestDevice.apply(this, given)); return devices.at(-1); }";
    await page.workers()[0].evaluate(devices);
    const run = await start(page);
    await step(page, 1 + i);
    page = await interrupt(page, run);
    await state(page, "done");
    const isSame = await outcome(page, run) === expected;
    if (isSame) same++;
    console.log(`  ${what} at step ${1 + i}: ${isSame ? "the same end" : "ANOTHER END"}`);
    await page.close();
  }
  console.log(`${what}: ${same} of ${times} ended as the run that was left alone`);
  if (same < times) failed = 1;
}

if (parts.includes("start")) {
  const page = await form({}, "smoke");
  const paint = await page.evaluate<number>(
    'performance.getEntriesByName("first-contentful-paint")[0].startTime',
  );
  console.log(`first paint after ${(paint / 1000).toFixed(2)} s`);
  const began = performance.now();
  await start(page);
  await step(page, 1);
  const first = (performance.now() - began) / 1000;
  console.log(`first training step of smoke after ${first.toFixed(1)} s`);
  await page.close();
}

if (parts.includes("kill")) {
  await interrupted("renderer killed", async (page, run) => {
    await page.goto("chrome://crash").catch(() => {});
    await page.close();
    const again = await context.newPage();
    await again.goto(`${base}#/runs/${run}`);
    await state(again, "interrupted");
    await again.getByRole("button", { name: "Resume" }).click();
    return again;
  });
}

if (parts.includes("destroy")) {
  await interrupted("device destroyed", async (page) => {
    await page.workers()[0].evaluate("globalThis.devices.at(-1).destroy()");
    return page;
  });
}

await browsing.close();
Deno.exit(failed);
