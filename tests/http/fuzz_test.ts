import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { tryExtremes } from "./extremes.ts";
import { fuzz } from "./fuzz.ts";
import { makeRun } from "./made_run.ts";
import { serve } from "./serving.ts";

Deno.test("whatever is asked, the server answers, without an error and without a secret", async () => {
  const dataDir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "denas-" }));
  Deno.mkdirSync(join(dataDir, "photos")); // Without photos: what is started ends at once.
  const secret = "nobody may read this";
  await using served = await serve({ dataDir });
  Deno.writeTextFileSync(join(served.runs, "..", "state.json"), secret);
  const small = { epochs: 1, perEpoch: 20, stepsPerEpoch: 20 };
  const runs = [
    await makeRun(served.runs, small),
    await makeRun(served.runs, { ...small, mode: "macro", stopAfter: 0 }),
  ];
  const { statuses, failures } = await fuzz({
    url: served.server.url,
    runs,
    data: "photos",
    count: 400,
    seed: 1,
    secret,
  });
  assertEquals(failures, []);
  assertEquals(served.reports.filter((report) => !report.startsWith("Cannot ")), []);
  for (const status of [200, 400, 404, 415]) assert(statuses[status] > 0, `no ${status} at all`);
  assertEquals((await served.get("/healthz")).status, 200);
});

Deno.test("settings at their extremes are refused with a reason or make a run", async () => {
  const dataDir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "denas-" }));
  Deno.mkdirSync(join(dataDir, "photos"));
  await using served = await serve({ dataDir });
  const small = { epochs: 1, perEpoch: 20, stepsPerEpoch: 20 };
  const arch = await served.json(`/runs/${await makeRun(served.runs, small)}/arch`);
  const { url } = served.server;
  const options = { url, data: "photos", arch, count: 60, seed: 3, limitMs: Infinity };
  const { statuses, failures } = await tryExtremes(options);
  assertEquals(failures, []);
  assert(statuses[202] > 0 && statuses[400] > 0, JSON.stringify(statuses));
  assertEquals(served.reports.filter((report) => !report.startsWith("Cannot ")), []);
  assertEquals((await served.get("/healthz")).status, 200);
});
