/**
 * Sends valid, nearly valid and hostile requests made from the server's own OpenAPI document, and settings at
 * their extremes. Expects no server error, no answer after more than a second, nothing from outside its
 * folders.
 *
 *   deno run -A bench/http_fuzz.ts [--requests 5000] [--settings 500] [--seed 1]
 */
import { parseArgs } from "node:util";
import { join } from "@std/path";
import { tryExtremes } from "../tests/http/extremes.ts";
import { fuzz } from "../tests/http/fuzz.ts";
import { makeRun } from "../tests/http/made_run.ts";
import { serve } from "../tests/http/serving.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "5000" },
    settings: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
  },
});
const dataDir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "denas-bench-" }));
Deno.mkdirSync(join(dataDir, "photos"));
const limitMs = 1000;
const secret = "nobody may read this";
await using served = await serve({ dataDir });
Deno.writeTextFileSync(join(served.runs, "..", "state.json"), secret);
const runs = [
  await makeRun(served.runs, { epochs: 2 }),
  await makeRun(served.runs, { epochs: 2, mode: "macro", stopAfter: 1 }),
];
const { score: _, ...arch } = await served.json(`/runs/${runs[0]}/arch`);
const { statuses, failures, slowestMs } = await fuzz({
  url: served.server.url,
  runs,
  data: "photos",
  count: Number(values.requests),
  seed: Number(values.seed),
  secret,
  limitMs,
});
console.log(`${values.requests} requests; answers by status:`, statuses);
console.log(`slowest answer ${slowestMs.toFixed(0)} ms`);
for (const report of served.reports.slice(0, 10)) console.log(`the server reported: ${report}`);
const extremes = await tryExtremes({
  url: served.server.url,
  data: "photos",
  arch,
  count: Number(values.settings),
  seed: Number(values.seed),
  limitMs,
});
console.log(`${values.settings} settings; answers by status:`, extremes.statuses);
console.log(`slowest answer ${extremes.slowestMs.toFixed(0)} ms`);
failures.push(...extremes.failures);
for (const failure of failures.slice(0, 10)) console.log(failure);
console.log(failures.length === 0 ? "good" : `NOT good: ${failures.length} failures`);
Deno.exitCode = failures.length === 0 ? 0 : 1;
