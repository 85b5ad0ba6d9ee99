import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { asLoss, summariseStudy } from "../../src/nas/study/summary.ts";
import { readStudyRecords } from "../../src/nas/study/records.ts";
import { readLines } from "../../src/run/files.ts";
import { assertAccessible, browserPath, Browsing } from "./browser.ts";
import { makeStudy } from "./made_study.ts";
import { serve } from "./serving.ts";

Deno.test("studies are listed and told as far as they are, and none is no error", async () => {
  await using served = await serve();
  assertEquals(await served.json("/studies"), { studies: [], total: 0 });
  const made = await makeStudy(served.studies);
  // deno-lint-ignore no-explicit-any -- as it comes
  const get = () => served.json<any>("/studies/mine");
  assertEquals((await get()).tasks[0].curves, []);
  made.write(4);
  const running = await get();
  assertEquals([running.state, running.done, running.total], ["running", 4, 10]);
  // Three trials of 2 s and three of 10 s are left, two at a time.
  assertEquals(running.secondsLeft, 18);
  made.write(10);
  made[Symbol.dispose]();
  const done = await get();
  assertEquals([done.state, done.done, done.secondsLeft], ["done", 10, undefined]);
  const file = join(served.studies, "mine", "study.ndjson");
  const [{ task, curves }] = summariseStudy(readStudyRecords(readLines(file), file));
  const expected = curves.map(({ points }) => points.map((point) => asLoss(task, point)));
  assertEquals(
    // deno-lint-ignore no-explicit-any -- as it comes
    done.tasks[0].curves.map(({ mean }: any) => mean),
    expected.map((losses) => losses.map(({ mean }) => mean)),
  );
  const { studies: [listed] } = await served.json<{ studies: { id: string }[] }>("/studies");
  assertEquals(listed.id, "mine");
  const figure = await (await served.get("/studies/mine/study.svg")).text();
  assert(figure.includes("mean over 5 trials"), figure.slice(0, 500));
  assertEquals(served.reports, []);
});

Deno.test("a study that stopped early is interrupted; one begun anew under its name starts at none", async () => {
  await using served = await serve();
  {
    using made = await makeStudy(served.studies);
    made.write(3);
  }
  // deno-lint-ignore no-explicit-any -- as it comes
  const get = () => served.json<any>("/studies/mine");
  assertEquals([(await get()).state, (await get()).done], ["interrupted", 3]);
  Deno.removeSync(join(served.studies, "mine"), { recursive: true });
  assertEquals((await served.get("/studies/mine")).status, 404);
  using _again = await makeStudy(served.studies);
  assertEquals((await get()).done, 0);
});

Deno.test("nothing but studies is reached: no links, no other names, and damage is told once", async () => {
  await using served = await serve();
  using _made = await makeStudy(served.studies);
  const outside = Deno.makeTempDirSync();
  using _secret = await makeStudy(outside, "secret");
  Deno.symlinkSync(join(outside, "secret"), join(served.studies, "link"));
  Deno.mkdirSync(join(served.studies, "inner"));
  Deno.symlinkSync(
    join(outside, "secret", "study.ndjson"),
    join(served.studies, "inner", "study.ndjson"),
  );
  for (const name of ["link", "inner", "..%2f..", "secret", ".hidden"]) {
    const { status } = await served.get(`/studies/${name}`);
    assert(status === 400 || status === 404, `${name}: ${status}`);
  }
  Deno.mkdirSync(join(served.studies, "damaged"));
  Deno.writeTextFileSync(join(served.studies, "damaged", "study.ndjson"), '{"type":"study"}\n');
  for (let i = 0; i < 2; i++) {
    const { studies } = await served.json<{ studies: { id: string }[] }>("/studies");
    assertEquals(studies.map(({ id }) => id), ["mine"]);
  }
  assertEquals(served.reports.length, 1);
  assert(/Cannot read .*damaged.* line 1: version/.test(served.reports[0]), served.reports[0]);
  assertEquals((await served.get("/studies/damaged")).status, 409);
});

Deno.test({
  name: "a study fills its figure while it runs, in a browser",
  ignore: browserPath === undefined,
  // Playwright keeps timers of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const browsing = new Browsing();
    await using served = await serve();
    const made = await makeStudy(served.studies);
    await using opened = await browsing.open({ viewport: { width: 1280, height: 1200 } });
    const { page, complaints } = opened;
    await page.goto(served.server.url);
    const entry = page.getByRole("link", { name: /mine.*0\/10/ });
    await entry.click();
    await page.waitForURL(/#\/studies\/mine/);
    await page.locator('.run-header .state[data-state="running"]').waitFor();
    const plot = page.getByRole("img", { name: /CIFAR-10 test error/ });
    assert((await plot.getAttribute("aria-label"))!.includes("no trial is finished"));
    made.write(4);
    const trials = page.locator(".figure.trials dd").first();
    await trials.filter({ hasText: "4 of 10" }).waitFor();
    await page.locator(".figure.left dd").first().filter({ hasText: /1\d s/ }).waitFor();
    const cell = page.locator(".study-panel tbody tr").first().locator("td").last();
    await cell.filter({ hasText: "2" }).waitFor();
    const before = await plot.getAttribute("aria-label");
    const inked = await page.locator(".study-panel canvas").evaluate(inkOf);
    assert(inked > 0.01, `${inked} of the plot is drawn, expected bands and lines`);
    await assertAccessible(page);
    made.write(10);
    made[Symbol.dispose]();
    await trials.filter({ hasText: "10 of 10" }).waitFor();
    await page.locator('.run-header .state[data-state="done"]').waitFor();
    assert(await plot.getAttribute("aria-label") !== before);
    await page.getByRole("link", { name: /mine.*10\/10/ }).waitFor();
    assertEquals(complaints, []);
    assertEquals(served.reports, []);
    const pictures = Deno.env.get("DENAS_PICTURES");
    if (pictures) await page.screenshot({ path: join(pictures, "study.png"), fullPage: true });
    await browsing.close();
  },
});

/** Share of a canvas that is not empty. */
function inkOf(element: unknown): number {
  // deno-lint-ignore no-explicit-any -- a canvas, which is no type of Deno's
  const canvas = element as any;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) inked++;
  return 4 * inked / data.length;
}
