/**
 * The speed of a search while its tab is hidden, beside that while it is shown. Playwright emulates a shown page
 * and switches off what browsers do to hidden ones, so this part starts a browser of its own and only attaches to it:
 * another tab of its window is brought to the front, and the page says whether it is hidden.
 */
import { chromium, type Page } from "playwright-core";
import { browserPath } from "../tests/http/browser.ts";
import { openForm, readRunLines, startSearch, untilStep, type Wanted } from "./tab_pages.ts";

/** Seconds of each part of the measurement. */
const shownSeconds = 40, hiddenSeconds = 120;

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** Prints steps per second of the search while its tab is shown, hidden for two minutes, and shown again. */
export async function measureHidden(base: string, wanted: Wanted): Promise<void> {
  const profile = Deno.makeTempDirSync({ prefix: "denas-hidden-" });
  const process = new Deno.Command(browserPath!, {
    args: [
      ...["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", "--no-first-run"],
      ...["--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    ],
    stderr: "piped",
  }).spawn();
  try {
    const browser = await chromium.connectOverCDP(await endpointOf(process), { noDefaults: true });
    const [context] = browser.contexts();
    const [other] = context.pages();
    const page = await openForm(context, base, wanted);
    const run = await startSearch(page);
    await untilStep(page, 1);
    const rate = async (seconds: number, visibility: string) => {
      await requireVisibility(page, visibility);
      const from = Date.now();
      await sleep(seconds);
      await requireVisibility(page, visibility);
      const to = Date.now();
      const steps = (await readRunLines(page, run, "events.ndjson"))
        .filter(({ type, time }) => type === "step" && isWithin(Date.parse(time), from, to));
      console.log(
        `  ${visibility} for ${seconds} s: ${
          (steps.length * 1000 / (to - from)).toFixed(1)
        } steps per second`,
      );
    };
    await rate(shownSeconds, "visible");
    await other.bringToFront();
    await rate(hiddenSeconds, "hidden");
    await page.bringToFront();
    await rate(shownSeconds, "visible");
    await browser.close();
  } finally {
    process.kill();
    await process.status;
    Deno.removeSync(profile, { recursive: true });
  }
}

const isWithin = (time: number, from: number, to: number) => from <= time && time < to;

/** @throws Error where the tab is not what the measurement takes it for. */
async function requireVisibility(page: Page, expected: string): Promise<void> {
  const found = await page.evaluate<string>("document.visibilityState");
  if (found !== expected) {
    throw new Error(`Cannot measure a ${expected} tab: the page says it is ${found}`);
  }
}

/** Address at which the browser takes commands, which it writes to its stderr. */
async function endpointOf({ stderr }: Deno.ChildProcess): Promise<string> {
  const [mine, rest] = stderr.tee();
  void rest.pipeTo(new WritableStream()); // Read on, so that the browser never waits for it.
  let text = "";
  for await (const part of mine.pipeThrough(new TextDecoderStream())) {
    text += part;
    const found = /DevTools listening on (\S+)/.exec(text);
    if (found) return found[1];
  }
  throw new Error(`Cannot start ${browserPath}: ${text}`);
}
