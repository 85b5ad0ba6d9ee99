/** The page of the tab in a real browser: a search by a link, a reload within it, what leaves the tab. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { tabFile } from "../../src/http/tab_bundle.ts";
import { assertAccessible, browserPath, Browsing } from "../http/browser.ts";
import { serve } from "../http/serving.ts";
import { asPng, makePictures, smooth } from "./pictures.ts";
import { inTab, type Outcome } from "./small.ts";
import { makeTrained } from "./trained.ts";

const browsing = new Browsing([
  "--enable-unsafe-webgpu",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
]);

/** The driver that the browser brings, for Deno. */
const swiftShader = ["/usr/lib/chromium", "/opt/google/chrome"]
  .map((folder) => `${folder}/vk_swiftshader_icd.json`).find(isFile);

if (swiftShader === undefined && Deno.env.get("CI")) {
  throw new Error(
    "Cannot compare with a browser: its SwiftShader was not found; apt-get install chromium",
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: browserPath === undefined || swiftShader === undefined,
    // The browser is shared; the last test closes it.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

async function onDeno(): Promise<Outcome> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "tests/tab/on_deno.ts"],
    cwd: new URL("../../", import.meta.url),
    env: { VK_DRIVER_FILES: swiftShader! },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Settings of a search as the words of the form and of links: `name=value`. */
function linkOf({ mode, preset, overrides }: typeof inTab): string {
  const words = Object.entries(overrides).map(([name, v]) => `${name}=${JSON.stringify(v)}`);
  return `#/new?${new URLSearchParams({ mode, preset, set: words.join(" ") })}`;
}

const state = (page: Page, word: string) =>
  page.locator(`.run-header .state[data-state="${word}"]`).waitFor();

/** Text of a file that the page offers. */
async function saved(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name, exact: true }).click(),
  ]);
  return Deno.readTextFileSync(await download.path());
}

/** Sums up layout shifts from now on as \`shift\`. */
const watchShifts = `
  globalThis.shift = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) shift += value;
  }).observe({ type: "layout-shift", buffered: false });`;

test("a search by a link, reloaded within, ends with the bits of Deno on the same driver; nothing leaves the tab", async () => {
  const here = onDeno();
  await using served = await serve();
  await using opened = await browsing.open({ acceptDownloads: true });
  const { page, complaints } = opened;
  const origin = new URL(served.server.url).origin;
  const foreign: string[] = [];
  page.context().on("request", (request) => {
    const { protocol, origin: to } = new URL(request.url());
    if (to !== origin && protocol !== "blob:" && protocol !== "data:") foreign.push(request.url());
  });
  await page.goto(`${served.server.url}tab/${linkOf(inTab)}`);
  await page.getByRole("button", { name: "Try it with made-up pictures" }).click();
  await page.locator(".preview canvas").first().waitFor();
  await assertAccessible(page);
  await page.evaluate(watchShifts);
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.locator(".figure.epoch .note").filter({ hasText: /^step ([3-9]|\d\d)/ }).waitFor();
  const shift = await page.evaluate<number>("globalThis.shift");
  assert(shift < 0.01, `layout moved by ${shift} while the run began`);

  // Another tab leaves the device alone.
  const other = await page.context().newPage();
  await other.goto(`${served.server.url}tab/${linkOf(inTab)}`);
  await other.getByRole("button", { name: "Try it with made-up pictures" }).click();
  await other.locator(".preview canvas").first().waitFor();
  await other.getByRole("button", { name: "Search", exact: true }).click();
  await other.getByText(/Cannot work on the device: another tab/).first().waitFor();
  await other.close();

  await page.reload();
  await state(page, "interrupted");
  await page.getByRole("button", { name: "Resume" }).click();
  await state(page, "running");
  await state(page, "done");
  await page.locator(".network-panel svg").nth(1).waitFor();
  await assertAccessible(page);

  const { adapter, ...expected } = await here;
  assert(adapter.includes("SwiftShader"), `the driver is ${adapter}`);
  const lines = (text: string) => text.trim().split("\n").map((line) => JSON.parse(line));
  const losses = new Map<number, number>();
  for (const event of lines(await saved(page, "events.ndjson"))) {
    if (event.type === "step") losses.set(event.step, event.loss);
  }
  assertEquals([...losses], expected.losses);
  assertEquals(await saved(page, "arch.json"), expected.arch);
  const trials = lines(await saved(page, "trials.ndjson"))
    .map(({ trial, choice, score }) => ({ trial, choice, score }));
  assertEquals(trials, expected.trials);
  assertEquals(foreign, []);
  assertEquals(await page.workers()[0].evaluate("policyViolations"), []);
  assertEquals(complaints, []);

  // Without a network it opens from the browser's own cache.
  await page.evaluate("navigator.serviceWorker.ready.then(() => null)");
  await page.context().setOffline(true);
  await page.reload();
  await state(page, "done");
});

test("dropped folders become what the command line makes of them, as far as decoders agree", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "denas-pictures-" });
  try {
    await makePictures(folder);
    await using served = await serve();
    await using opened = await browsing.open();
    const { page, complaints } = opened;
    await page.goto(`${served.server.url}tab/`);
    const choose = page.locator("input[type=file]").first();
    await choose.setInputFiles(join(folder, "photos"));
    await page.getByText("photos: 2 classes; 14 pictures to train on, 2 to choose by, 4 to test")
      .waitFor();
    await page.locator(".preview canvas").first().waitFor();
    // What cannot be used is refused in words, and the page goes on.
    await choose.setInputFiles(join(folder, "one"));
    await page.getByText(/Cannot find classes in 0\.jpg/).waitFor();
    await choose.setInputFiles(join(folder, "none"));
    await page.getByText(/Cannot find classes in notes.txt/).waitFor();
    await choose.setInputFiles(join(folder, "photos"));
    await page.locator(".preview canvas").first().waitFor();

    // A storage that is full is said in words.
    const session = await page.context().newCDPSession(page);
    const { origin } = new URL(served.server.url);
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1000 });
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.getByText(/storage for this page is full, what was there is intact; delete runs/)
      .waitFor();
    assertEquals(await page.locator("#runs li").count(), 0);
    assertEquals(complaints, []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** Nothing is wider than a phone or lost on a 4K screen, in both themes. */
async function assertFits(page: Page): Promise<void> {
  for (const [width, height, colorScheme] of [[320, 640, "light"], [3840, 2160, "dark"]] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    const over = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    assert(over <= 0, `the page is ${over} pixels wider than ${width}`);
    await assertAccessible(page);
  }
}

test("a trained network is taken up, and classifies a picture and what the camera sees", async () => {
  const rgb = smooth(16, 16, 5);
  const { archive, classes, probabilities } = await makeTrained("pets-1", rgb);
  await using served = await serve();
  await using opened = await browsing.open();
  const { page, complaints } = opened;
  await page.goto(`${served.server.url}tab/`);
  await page.getByRole("button", { name: "Search", exact: true }).waitFor();
  await assertFits(page);

  // A search sized for the device asks for how long it may take.
  const minutes = page.locator("input[name=minutes]");
  assertEquals(await minutes.isVisible(), false);
  await page.locator("select[name=preset]").selectOption("sized");
  await minutes.fill("0");
  await page.getByRole("button", { name: "Try it with made-up pictures" }).click();
  await page.locator(".preview canvas").first().waitFor();
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByText("Cannot size a search for 0 minutes: expected 1 … 1440").waitFor();

  const buffer = Buffer.from(await archive.arrayBuffer());
  await page.getByLabel("Choose a zip file").and(page.locator("input"))
    .setInputFiles({ name: "run.zip", mimeType: "application/zip", buffer });
  await page.getByRole("heading", { name: "Try it" }).waitFor();
  await page.getByLabel("Picture to classify").setInputFiles({
    name: "pet.png",
    mimeType: "image/png",
    buffer: Buffer.from(asPng(16, 16, rgb)),
  });
  await page.getByRole("status").filter({ hasText: /^pet\.png$/ }).waitFor();
  const bars = page.locator(".bars meter");
  const seen = await bars.evaluateAll((all) =>
    all.map((
      one,
    ) => [one.getAttribute("aria-label"), Number((one as unknown as { value: number }).value)])
  ) as [string, number][];
  const ranked = classes.map((label, i) => [label, probabilities[i]] as const)
    .toSorted((a, b) => b[1] - a[1]);
  assertEquals(seen.map(([label]) => label), ranked.map(([label]) => label));
  const worst = Math.max(...seen.map(([, p], i) => Math.abs(p - ranked[i][1])));
  assert(worst < 1e-3, `probabilities differ by ${worst}`);
  await assertFits(page);

  await page.getByRole("button", { name: "Use the camera" }).click();
  await page.getByText("What the camera sees").waitFor();
  await page.getByRole("button", { name: "Stop the camera" }).click();
  await page.getByRole("button", { name: "Use the camera" }).waitFor();
  assertEquals(await page.locator("video").isVisible(), false);
  assertEquals(complaints, []);
});

test("the page as one file opens from a disk, and a search begins in it", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "denas-single-" });
  try {
    const file = join(folder, "denas.html");
    Deno.writeTextFileSync(file, await tabFile(folder));
    await using opened = await browsing.open();
    const { page, complaints } = opened;
    await page.goto(`file://${file}${linkOf(inTab)}`);
    await page.getByText("the browser keeps no files for it: runs end with the tab").waitFor();
    await page.getByRole("button", { name: "Try it with made-up pictures" }).click();
    await page.locator(".preview canvas").first().waitFor();
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await state(page, "running");
    assertEquals(complaints, []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

test("the browser is closed", () => browsing.close());
