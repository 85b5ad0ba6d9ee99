/** Steps of a user on the page of the tab, for its benchmark. */
import type { BrowserContext, Page } from "playwright-core";

/** Settings of a search: those of a preset, some replaced. */
export interface Wanted {
  mode: string;
  preset: string;
  overrides: object;
}

/** Opens the form of the page at `base` with made-up pictures and these settings. */
export async function openForm(
  context: BrowserContext,
  base: string,
  { mode, preset, overrides }: Wanted,
): Promise<Page> {
  const page = await context.newPage();
  const words = Object.entries(overrides).map(([name, v]) => `${name}=${JSON.stringify(v)}`);
  const query = new URLSearchParams({ mode, preset, set: words.join(" ") });
  await page.goto(`${base}#/new?${query}`);
  await page.getByRole("button", { name: "Try it with made-up pictures" }).click();
  await page.locator(".preview canvas").first().waitFor();
  return page;
}

/** Presses Search. @returns the run's name. */
export async function startSearch(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.waitForURL(/#\/runs\//);
  return decodeURIComponent(page.url().split("#/runs/")[1]);
}

/** Waits until the page shows the run in this state. */
export const untilState = (page: Page, word: string): Promise<void> =>
  page.locator(`.run-header .state[data-state="${word}"]`).waitFor();

/** Waits until the page shows this step or a later one. @throws Error where the run fails before. */
export async function untilStep(page: Page, n: number): Promise<void> {
  const shown = page.locator(".figure.epoch .note");
  const failed = page.locator('.run-header .state[data-state="failed"]');
  for (;;) {
    const found = /^step (\d+)/.exec(await shown.textContent() ?? "");
    if (found && Number(found[1]) >= n) return;
    if (await failed.isVisible()) {
      throw new Error(`Cannot reach step ${n}: ${await page.getByRole("alert").allTextContents()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Text of a file of a run, from the page's storage. */
export const readRunText = (page: Page, run: string, file: string): Promise<string> =>
  page.evaluate<string>(`(async () => {
    let folder = await navigator.storage.getDirectory();
    for (const name of ["denas", "runs", ${
    JSON.stringify(run)
  }]) folder = await folder.getDirectoryHandle(name);
    return await (await (await folder.getFileHandle("${file}")).getFile()).text();
  })()`);

/** Whole lines of a file of a run, parsed. */
// deno-lint-ignore no-explicit-any -- any event or trial
export async function readRunLines(page: Page, run: string, file: string): Promise<any[]> {
  const text = await readRunText(page, run, file);
  return text.slice(0, text.lastIndexOf("\n")).split("\n").map((line) => JSON.parse(line));
}
