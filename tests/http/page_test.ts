import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Page } from "playwright-core";
import type { RunEvent } from "../../src/nas/events.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { readState } from "../../src/run/state.ts";
import { assertAccessible, browserPath, Browsing } from "./browser.ts";
import { madeSearch, makeRun } from "./made_run.ts";
import { serve } from "./serving.ts";

const browsing = new Browsing();
/** Writes pictures of the page for inspection. */
const pictures = Deno.env.get("DENAS_PICTURES") ?? Deno.makeTempDirSync({ prefix: "denas-page-" });
const small = { epochs: 6, perEpoch: 40, stepsPerEpoch: 40 };

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

async function waitForState(page: Page, word: string): Promise<void> {
  await page.locator(`.run-header .state[data-state="${word}"]`).waitFor();
}

test("a search is started from the form, watched, reloaded, stopped, resumed and ends with a network", async () => {
  await using served = await serve();
  await using opened = await browsing.open();
  const { page, complaints } = opened;
  await page.goto(served.server.url);
  await page.getByRole("heading", { name: "New run" }).waitFor();
  await page.locator("select[name=preset]").selectOption("smoke");
  await page.locator("input[name=epochs]").fill("0");
  await page.getByRole("button", { name: "Start" }).click();
  assertEquals(await page.locator("input[name=epochs]:invalid").count(), 1);
  await page.locator("input[name=epochs]").fill("3");
  await page.getByText("All settings").click();
  await page.locator("input[name=trainImages]").fill("512");
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForURL(/#\/runs\//);
  const id = new URL(page.url()).hash.split("/").at(-1)!;
  // The event of the best trial comes after that of the trial; both networks are drawn.
  while (!(await served.json<{ best?: unknown }>(`/runs/${id}`)).best);
  // Held until it is told to stop, so that it does not end while a busy machine draws the page.
  const { pid } = readState(join(served.runs, id));
  Deno.kill(pid, "SIGSTOP");
  await waitForState(page, "running");
  await page.locator(".figure.trials dd").first().filter({ hasText: /^[1-9]/ }).waitFor();
  await page.locator(".network-panel svg").nth(1).waitFor();

  await page.reload();
  await waitForState(page, "running");
  await page.locator(".figure.trials dd").first().filter({ hasText: /^[1-9]/ }).waitFor();
  const told = page.waitForResponse((response) => response.url().endsWith("/stop"));
  await page.getByRole("button", { name: "Stop" }).click();
  await told;
  Deno.kill(pid, "SIGCONT");
  await waitForState(page, "interrupted");
  await page.getByRole("button", { name: "Resume" }).click();
  await waitForState(page, "done");

  await page.getByRole("heading", { name: "Selected network" }).waitFor();
  assertEquals(await page.locator(".network-panel svg").count(), 2);
  await page.locator(".map td").first().waitFor();
  await page.getByRole("link", { name: "arch.json" }).waitFor();
  const { trials } = await served.json<{ trials: number }>(`/runs/${id}`);
  assertEquals(await page.locator(".figure.trials dd").first().textContent(), String(trials));
  assertEquals(complaints, []);
  assertEquals(served.reports, []);
});

test("a token is asked for, refused when it is wrong, and kept when it is right", async () => {
  await using served = await serve({ token: "open-sesame" });
  await makeRun(served.runs, small);
  await using opened = await browsing.open({}, /401/);
  const { page, complaints } = opened;
  await page.goto(served.server.url);
  await page.getByRole("heading", { name: "Token needed" }).waitFor();
  await assertAccessible(page);
  await page.getByLabel("Token").fill("please");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("This is not the token of this server.").waitFor();
  await page.getByLabel("Token").fill("open-sesame");
  await page.getByRole("button", { name: "Open" }).click();
  await waitForState(page, "done");
  await page.reload();
  await waitForState(page, "done");
  assertEquals(complaints, []);
});

test("a run keeps coming while it is written, nothing jumps, and a lost connection leaves no gap", async () => {
  const first = await serve();
  const { config, events } = madeSearch({ ...small, epochs: 12, perEpoch: 20 });
  const folder = RunFolder.create({ runs: first.runs, command: "search", mode: "micro", config });
  let written = 0;
  const write = (to: number) => {
    while (written < to) folder.append(events[written++]);
  };
  write(100);
  await using opened = await browsing.open(
    { viewport: { width: 1280, height: 3000 } },
    /net::ERR_/,
  );
  const { page, complaints } = opened;
  await page.goto(`${first.server.url}#/runs/${folder.name}`);
  await waitForState(page, "running");
  await page.locator(".network-panel svg").nth(1).waitFor();
  await page.evaluate(watchLayout);
  for (let to = 120; to <= 200; to += 20) {
    write(to);
    await page.waitForTimeout(250);
  }
  await waitForTrials(page, events.slice(0, 200));
  const shift = await page.evaluate(() => Reflect.get(globalThis, "shift"));
  assert(shift < 0.002, `layout moved by ${shift} while events came, expected to stay`);

  await first.server.close();
  await page.locator("#connection[data-state=waiting]").waitFor();
  write(300);
  await using again = await serve({
    runs: first.runs,
    port: Number(new URL(first.server.url).port),
  });
  await waitForTrials(page, events.slice(0, 300));
  write(events.length);
  folder.update({ status: "done" });
  folder.close();
  await waitForState(page, "done");
  await waitForTrials(page, events);
  assertEquals([...complaints, ...again.reports], []);
});

test("a drawing that does not come says why, and comes when it is asked for again", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  await using opened = await browsing.open({}, /net::ERR_/);
  const { page, complaints } = opened;
  await page.route(/\/svg$/, (route) => route.abort());
  await page.goto(`${served.server.url}#/runs/${id}`);
  const again = page.locator(".network-panel").getByRole("button", { name: "Try again" });
  await again.nth(1).waitFor();
  await assertAccessible(page);
  await page.unroute(/\/svg$/);
  await again.first().click();
  await page.locator(".network-panel svg").waitFor();
  await again.click();
  await page.locator(".network-panel svg").nth(1).waitFor();
  assertEquals(await again.count(), 0);
  assertEquals(complaints, []);
});

test("a run that compiles its kernels says how far it is, until its first step", async () => {
  await using served = await serve();
  const { config, events: [start, ...rest] } = madeSearch(small);
  const { runs } = served;
  const folder = RunFolder.create({ runs, command: "search", mode: "micro", config });
  folder.append(start);
  folder.append({ type: "compile", done: 34, of: 80, secondsLeft: 3000 });
  await using opened = await browsing.open();
  const { page, complaints } = opened;
  await page.goto(`${served.server.url}#/runs/${folder.name}`);
  const state = page.locator(".run-header .state");
  await state.filter({ hasText: /^Compiling kernels, 34 of 80, (50 min 00|4\d min \d\d) s left$/ })
    .waitFor();
  await page.screenshot({ path: join(pictures, "compiling.png") });
  folder.append({ type: "compile", done: 61, of: 80, secondsLeft: 1500 });
  await state.filter({ hasText: /^Compiling kernels, 61 of 80, (1\d|2[0-5]) min \d\d s left$/ })
    .waitFor();
  await assertAccessible(page);
  folder.append({ type: "compile", done: 80, of: 80, secondsLeft: 0 });
  await state.filter({ hasText: /^Running$/ }).waitFor();
  folder.append({ type: "compile", done: 3, of: 4, secondsLeft: 300 });
  await state.filter({ hasText: "Compiling" }).waitFor();
  folder.append(rest[0]);
  await state.filter({ hasText: /^Running$/ }).waitFor();
  await page.reload();
  await state.filter({ hasText: /^Running$/ }).waitFor();
  folder.close();
  assertEquals(complaints, []);
});

function watchLayout(): void {
  let shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) shift += Reflect.get(entry, "value");
    Reflect.set(globalThis, "shift", shift);
  }).observe({ type: "layout-shift" });
  Reflect.set(globalThis, "shift", shift);
}

/** Waits until the page counts as many trials as these events have. */
async function waitForTrials(page: Page, events: RunEvent[]): Promise<void> {
  const trials = events.filter((event) => event.type === "trial").length;
  await page.locator(".figure.trials dd").first()
    .filter({ hasText: new RegExp(`^${trials}$`) }).waitFor();
}

test("50,000 trials scroll, sort and filter as a few rows, with the keyboard as well", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, { epochs: 152, perEpoch: 330, stepsPerEpoch: 20 });
  await using opened = await browsing.open();
  const { page, complaints } = opened;
  await page.goto(`${served.server.url}#/runs/${id}`);
  const table = page.getByRole("table", { name: "Trials" });
  const rows = table.locator("tbody tr[data-index]");
  const first = rows.first().locator("button");
  await first.filter({ hasText: /\d/ }).waitFor();
  await page.getByRole("button", { name: "Trial", exact: true }).click();
  await first.filter({ hasText: "50,17" }).waitFor();
  await page.getByRole("button", { name: "Trial", exact: true }).click();
  await first.filter({ hasText: /^0$/ }).waitFor();
  await first.focus();
  await page.keyboard.press("End");
  await page.locator("tr[data-index] button:focus").filter({ hasText: "50,179" }).waitFor();
  assert(await rows.count() < 60, `${await rows.count()} rows, expected those in view`);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Trial 50179" });
  await dialog.locator("svg").waitFor();
  await dialog.getByText("not what the network reaches when retrained").waitFor();
  await dialog.locator("code", { hasText: "retrain" }).waitFor();
  await assertAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByLabel("Score at least, %").fill("70");
  await page.locator(".trials-panel header .note").filter({ hasNotText: "50,180" }).waitFor();
  assertEquals(complaints, []);
});

test("a search of a grammar shows the kernels' weights, a trial its term and its derivation folded to any level", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, {
    mode: "grammar",
    epochs: 1,
    perEpoch: 10,
    overrides: { "evaluator.kind": "train" },
    kernels: ["graph", "level 0", "level 1", "level 2", "level 3", "level 4"],
  });
  await using opened = await browsing.open();
  const { page, complaints } = opened;
  await page.goto(`${served.server.url}#/runs/${id}`);
  const weights = page.getByRole("img", { name: /Weights of the kernels.*level 4 \d/ });
  await weights.waitFor();
  await page.locator("tr[data-index] button").first().click();
  const dialog = page.getByRole("dialog");
  const outline = dialog.getByRole("region", { name: "Derivation" });
  const level = (n: number) => outline.getByRole("button", { name: `Unfold down to level ${n}` });
  const shown = outline.locator("summary:visible, li:visible");
  await outline.getByText(/^D2 Linear/).waitFor();
  assertEquals(await level(0).getAttribute("aria-pressed"), "true");
  const few = await shown.count();
  await level(3).click();
  assert(await shown.count() > 4 * few, `${await shown.count()} rows, expected many more`);
  await outline.getByText("CELL Cell").first().waitFor();
  await assertAccessible(page);
  await level(0).click();
  assertEquals(await shown.count(), few);
  await dialog.locator("code", { hasText: /^Linear[34]\(/ }).waitFor();
  await dialog.locator("svg").waitFor();
  assertEquals(complaints, []);
});

for (
  const [look, options] of Object.entries(
    {
      light: { viewport: { width: 1440, height: 1000 }, colorScheme: "light" },
      dark: { viewport: { width: 1440, height: 1000 }, colorScheme: "dark" },
      phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true },
      wide: { viewport: { width: 3840, height: 2160 }, colorScheme: "dark" },
    } as const,
  )
) {
  test(`the page can be used by everybody: ${look}`, async () => {
    await using served = await serve();
    const ids = [
      await makeRun(served.runs, small),
      await makeRun(served.runs, { ...small, mode: "macro", seed: 2, stopAfter: 4 }),
    ];
    await using opened = await browsing.open(options);
    const { page, complaints } = opened;
    const { url } = served.server;
    for (
      const [name, address, ready] of [
        ["run", `#/runs/${ids[0]}`, ".network-panel svg >> nth=1"],
        ["macro", `#/runs/${ids[1]}`, ".network-panel svg >> nth=1"],
        ["compare", `#/compare/${ids.join(",")}`, ".compare-table"],
        ["new", "#/new", ".start-form"],
      ].slice(0, look === "wide" ? 2 : 4)
    ) {
      await page.goto(url + address);
      await page.locator(ready).waitFor();
      await page.locator(".runs li").first().waitFor({ state: "attached" });
      await assertAccessible(page);
      const wide = await page.evaluate<number>(
        "document.documentElement.scrollWidth - innerWidth",
      );
      assert(wide <= 0, `${name} is ${wide} pixels wider than the window`);
      await page.screenshot({ path: join(pictures, `${name}-${look}.png`), fullPage: true });
    }
    assertEquals(complaints, []);
  });
}

test("the theme that was chosen stays", async () => {
  await using served = await serve();
  await using opened = await browsing.open({ colorScheme: "light" });
  const { page } = opened;
  await page.goto(served.server.url);
  const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await ground();
  await page.getByRole("button", { name: "Theme: system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  assert(await ground() !== light);
  const dark = await ground();
  await page.reload();
  await page.getByRole("button", { name: "Theme: dark" }).waitFor();
  assertEquals(await ground(), dark);
});

test("the browser is closed", () => browsing.close());
