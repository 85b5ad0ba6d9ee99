import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { readLines } from "../../src/run/files.ts";
import { makeRun } from "./made_run.ts";
import { serve } from "./serving.ts";

const small = { epochs: 3, perEpoch: 20, stepsPerEpoch: 200 };

interface Trial {
  trial: number;
  epoch: number;
  on: string;
  score: number;
  key: string;
  choice: number[];
}

Deno.test("runs are listed newest first, by state, in pages", async () => {
  await using served = await serve();
  const done = await makeRun(served.runs, small);
  const stopped = await makeRun(served.runs, { ...small, mode: "macro", stopAfter: 1 });
  // Neither a run nor to be tripped over.
  Deno.mkdirSync(join(served.runs, "notes"));
  Deno.mkdirSync(join(served.runs, "damaged"));
  Deno.writeTextFileSync(join(served.runs, "damaged", "state.json"), "{");
  // deno-lint-ignore no-explicit-any -- as it comes
  const list = (query: string) => served.json<any>(`/runs${query}`);
  const all = await list("");
  assertEquals(all.runs.map(({ id }: { id: string }) => id), [stopped, done]);
  assertEquals(all.total, 2);
  const { mode, state, command, strategy, score, epochs } = all.runs[0];
  assertEquals(
    { mode, state, command, strategy, epochs },
    { mode: "macro", state: "interrupted", command: "search", strategy: "enas", epochs: 3 },
  );
  assertEquals(score, all.runs[0].best.score);
  assertEquals((await list("?state=done")).runs[0].id, done);
  const page = await list("?limit=1&offset=1");
  assertEquals([page.runs.length, page.runs[0].id, page.total], [1, done, 2]);
});

Deno.test("a run is inspected: its settings, its last report, what the rows of it mean, what to type", async () => {
  await using served = await serve();
  const done = await makeRun(served.runs, small);
  const stopped = await makeRun(served.runs, { ...small, stopAfter: 1 });
  // deno-lint-ignore no-explicit-any -- as it comes
  const run = await served.json<any>(`/runs/${done}`);
  const events = readLines<{ type: string }>(join(served.runs, done, "events.ndjson"));
  assertEquals(run.events, events.length);
  assertEquals(run.controller, events.findLast(({ type }) => type === "controller"));
  assertEquals(run.done, events.at(-1));
  assertEquals(run.trials, 3 * 20 + 20);
  assertEquals(run.config.seed, 1);
  assertEquals(run.decisions.length, run.controller.probabilities.length);
  assertEquals(
    run.decisions.map(({ options }: { options: number }) => options),
    run.controller.probabilities.map((row: number[]) => row.length),
  );
  assert(run.commands[0].command.startsWith("./denas retrain "), run.commands[0].command);
  // deno-lint-ignore no-explicit-any -- as it comes
  const other = await served.json<any>(`/runs/${stopped}`);
  assert(other.commands[0].command.startsWith("./denas resume "), other.commands[0].command);
});

Deno.test("trials are sorted, filtered and paged", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  const trials = readLines<Trial & { type: string }>(join(served.runs, id, "events.ndjson"))
    .filter(({ type }) => type === "trial");
  const get = (query: string) =>
    served.json<{ trials: Trial[]; total: number }>(`/runs/${id}/trials?${query}`);
  const all = await get("limit=500");
  assertEquals(all.total, trials.length);
  const best = [...trials].sort((a, b) => b.score - a.score || a.trial - b.trial);
  assertEquals(all.trials.map(({ trial }) => trial), best.map(({ trial }) => trial));
  const { trial, epoch, on, score, key, choice } = best[0];
  assertEquals(all.trials[0], { trial, epoch, on, score, key, choice });
  assertEquals((await get("limit=7&offset=70")).trials, all.trials.slice(70, 77));
  const byTrial = await get("sort=trial&limit=500");
  assertEquals(byTrial.trials.map((t) => t.trial), trials.map((t) => t.trial));
  const selected = await get("on=selection&minScore=0.6&order=asc");
  assertEquals(
    selected.trials.map((t) => t.trial),
    best.filter((t) => t.on === "selection" && t.score >= 0.6)
      .sort((a, b) => a.score - b.score || a.trial - b.trial).map((t) => t.trial),
  );
  const part = trials[5].key.slice(0, 6);
  const found = await get(`q=${encodeURIComponent(part)}&limit=500`);
  assertEquals(found.total, trials.filter((t) => t.key.includes(part)).length);
});

Deno.test("a trial comes with its network, its rank, its picture and its file", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  const path = `/runs/${id}/trials/17`;
  // deno-lint-ignore no-explicit-any -- as it comes
  const trial = await served.json<any>(path);
  const file = parseArchFile(await (await served.get(`${path}/arch`)).text(), "download");
  assertEquals(file, trial.arch);
  assertEquals(file.choice, trial.choice);
  assert(trial.parameters > 1000 && trial.macs > trial.parameters);
  const { trials } = await served.json<{ trials: Trial[] }>(
    `/runs/${id}/trials?on=reward&limit=500`,
  );
  const better = trials.filter(({ score }) => score > trial.score).length;
  assertEquals(trial.rank, better + 1);
  const svg = await served.get(`${path}/svg`);
  assertEquals(svg.headers.get("content-type"), "image/svg+xml; charset=utf-8");
  assert((await svg.text()).includes("normal cell"));
  assertEquals((await served.get(`/runs/${id}/trials/99999`)).status, 404);
  assertEquals((await served.get(`/runs/${id}/trials/-1`)).status, 400);
});

Deno.test("curves keep their ends and the best, in as few points as asked for", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  // deno-lint-ignore no-explicit-any -- as it comes
  const events = readLines<any>(join(served.runs, id, "events.ndjson"));
  // deno-lint-ignore no-explicit-any -- as it comes
  const fine = await served.json<any>(`/runs/${id}/curves?points=5000`);
  const steps = events.filter(({ type }) => type === "step");
  assertEquals(fine.steps.x, steps.map(({ step }) => step));
  assertEquals(fine.steps.loss, steps.map(({ loss }) => loss));
  assertEquals(fine.epochs.x, [1, 2, 3]);
  assertEquals(fine.controller.skipRate, [null, null, null]);
  assertEquals(fine.epochs.policyAccuracy, [null, null, null]);
  assertEquals(fine.next, events.length);
  let best = -1;
  const bests = events.filter(({ type, on }) => type === "trial" && on === "reward")
    .filter(({ score }) => score > best && (best = score) !== undefined);
  assertEquals(fine.best, {
    x: bests.map(({ trial }) => trial),
    score: bests.map(({ score }) => score),
  });
  // deno-lint-ignore no-explicit-any -- as it comes
  const coarse = await served.json<any>(`/runs/${id}/curves?points=10`);
  assertEquals(coarse.steps.x.length, 10);
  assertEquals(coarse.steps.x.at(-1), steps.at(-1).step);
  const firsts = steps.slice(0, 6).map(({ loss }) => loss);
  assertEquals(coarse.steps.loss[0], firsts.reduce((a, b) => a + b) / 6);
  assertEquals(coarse.best, fine.best);
});

Deno.test("repeated steps and trials of a resumed run replace those before", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, { ...small, stopAfter: 1 });
  const path = join(served.runs, id, "events.ndjson");
  const events = readLines<Record<string, unknown>>(path);
  const before = await served.json<{ steps: { x: number[] } }>(`/runs/${id}/curves`);
  const repeated = events.filter(({ type, step }) =>
    type === "trial" || type === "step" && Number(step) > 100
  ).map((event) => ({ ...event, loss: 7, score: 0.99 }));
  const added = [{ type: "resume", fromStep: 100, time: "" }, ...repeated];
  const lines = added.map((event, i) =>
    JSON.stringify({ ...event, seq: events.length + i }) + "\n"
  );
  Deno.writeTextFileSync(path, lines[0], { append: true });
  const between = await served.json<{ steps: { x: number[] } }>(`/runs/${id}/curves`);
  assertEquals(between.steps.x, before.steps.x.filter((x) => x <= 100));
  Deno.writeTextFileSync(path, lines.slice(1).join(""), { append: true });
  // deno-lint-ignore no-explicit-any -- as it comes
  const after = await served.json<any>(`/runs/${id}/curves`);
  assertEquals(after.steps.x, before.steps.x);
  assertEquals(after.steps.loss.slice(10), after.steps.loss.slice(10).map(() => 7));
  const { total, trials } = await served.json<{ total: number; trials: Trial[] }>(
    `/runs/${id}/trials`,
  );
  assertEquals(total, 20);
  assertEquals(trials[0].score, 0.99);
});

Deno.test("files are downloaded whole or in part, and only those of the list", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  const { artifacts } = await served.json<{ artifacts: { name: string; bytes: number }[] }>(
    `/runs/${id}/artifacts`,
  );
  assertEquals(artifacts.map(({ name }) => name), [
    "arch.json",
    "config.json",
    "events.ndjson",
    "trials.ndjson",
  ]);
  const text = Deno.readTextFileSync(join(served.runs, id, "config.json"));
  const at = `/runs/${id}/artifacts/config.json`;
  const whole = await served.get(at);
  assertEquals(await whole.text(), text);
  assertEquals(
    whole.headers.get("content-disposition"),
    `attachment; filename="${id}-config.json"`,
  );
  const ranges: [string, number, string | null, string][] = [
    ["bytes=0-9", 206, `bytes 0-9/${text.length}`, text.slice(0, 10)],
    ["bytes=10-", 206, `bytes 10-${text.length - 1}/${text.length}`, text.slice(10)],
    ["bytes=-5", 206, `bytes ${text.length - 5}-${text.length - 1}/${text.length}`, text.slice(-5)],
    ["bytes=5-99999999", 206, `bytes 5-${text.length - 1}/${text.length}`, text.slice(5)],
    ["bytes=0-1,4-5", 200, null, text],
    ["bytes=9-2", 200, null, text],
    ["lines=1-2", 200, null, text],
  ];
  for (const [range, status, told, content] of ranges) {
    const response = await served.get(at, { range });
    assertEquals(
      [response.status, response.headers.get("content-range"), await response.text()],
      [status, told, content],
      range,
    );
  }
  const beyond = await served.get(at, { range: `bytes=${text.length}-` });
  assertEquals([beyond.status, beyond.headers.get("content-range")], [
    416,
    `bytes */${text.length}`,
  ]);
  await beyond.body?.cancel();
  const etag = whole.headers.get("etag")!;
  assertEquals((await served.get(at, { "if-none-match": etag })).status, 304);
  const stale = await served.get(at, { range: "bytes=0-1", "if-range": '"other"' });
  assertEquals(await stale.text(), text);
  for (const name of ["state.json", "nothing.json", "checkpoint", "%2e%2e%2fstate.json"]) {
    const { status } = await served.get(`/runs/${id}/artifacts/${name}`);
    assert(status === 400 || status === 404, `${name}: ${status}`);
  }
});

Deno.test("a run that is not going on can be deleted", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  assertEquals((await served.send("POST", `/runs/${id}/stop`)).status, 409);
  assertEquals((await served.send("POST", `/runs/${id}/resume`)).status, 409);
  assertEquals((await served.send("DELETE", `/runs/${id}`)).status, 204);
  assertEquals((await served.get(`/runs/${id}`)).status, 404);
  assertEquals((await served.send("DELETE", `/runs/${id}`)).status, 404);
});

Deno.test("data sets, presets and the schema of what starts a run", async () => {
  const dataDir = Deno.makeTempDirSync();
  Deno.mkdirSync(join(dataDir, "photos"));
  Deno.mkdirSync(join(dataDir, ".hidden"));
  Deno.symlinkSync("/usr", join(dataDir, "link"));
  await using served = await serve({ dataDir });
  const { datasets } = await served.json<{ datasets: { name: string; builtIn: boolean }[] }>(
    "/datasets",
  );
  assertEquals(datasets.filter(({ builtIn }) => !builtIn).map(({ name }) => name), ["photos"]);
  assert(datasets.some(({ name }) => name === "fashion-mnist"));
  // deno-lint-ignore no-explicit-any -- as it comes
  const presets = await served.json<any>("/presets");
  assertEquals(presets.search.quick.micro.space.layers, 3);
  assertEquals(presets.retrain.paper.macro.space.layers, 24);
  // A search's settings depend on its strategy and its evaluator.
  // deno-lint-ignore no-explicit-any -- as it comes
  const other = await served.json<any>("/presets?strategy=evolution&evaluator=train");
  const { strategy: evolution, evaluator: training, rounds } = other.search.quick.micro;
  assertEquals(
    [evolution.kind, evolution.population, training.kind, rounds],
    ["evolution", 5, "train", 20],
  );
  assertEquals((await served.get("/presets?evaluator=table")).status, 400);
  // deno-lint-ignore no-explicit-any -- as it comes
  const schema = await served.json<any>("/schema/run");
  const [search] = schema.oneOf;
  const { space, strategy, evaluator } = search.properties;
  const titled = (union: Record<string, { title: string }[]>, name: string) =>
    // deno-lint-ignore no-explicit-any -- as it comes
    (union.anyOf ?? union.oneOf).find(({ title }) => title === name) as any;
  const { layers } = titled(space, "micro").properties;
  assertEquals([layers.minimum, layers.maximum, layers.default], [3, 64, 6]);
  assertEquals(titled(space, "macro").properties.blocks, undefined);
  assert(titled(strategy, "evolution").description.startsWith("regularised evolution"));
  assert(titled(strategy, "enas").properties.controller.properties.lr.default > 0);
  assertEquals(titled(evaluator, "table"), undefined, "it reads a file");
  assertEquals(search.additionalProperties, false);
});

Deno.test("figures for Prometheus tell the states of runs, and requests by route", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  await served.json(`/runs/${id}`);
  await (await served.get("/nowhere/at/all")).body?.cancel();
  const response = await served.get("/metrics");
  assert(response.headers.get("content-type")!.startsWith("text/plain"));
  const text = await response.text();
  for (
    const line of [
      'denas_runs{state="done"} 1',
      'denas_runs{state="running"} 0',
      "denas_queue_length 0",
      "denas_event_clients 0",
      'denas_http_requests_total{method="GET",route="/runs/:id",status="200"} 1',
      'denas_http_requests_total{method="GET",route="unknown",status="404"} 1',
    ]
  ) assert(text.split("\n").includes(line), `${line} in\n${text}`);
});

Deno.test("the page, the API page and the document need nothing from elsewhere", async () => {
  await using served = await serve();
  for (const path of ["/", "/docs"]) {
    const response = await served.get(path);
    const html = await response.text();
    assert(response.headers.get("content-security-policy")!.includes("default-src 'none'"));
    assert(!/(src|href)="(https?:)?\/\//.test(html), path);
    const etag = response.headers.get("etag")!;
    assertEquals((await served.get(path, { "if-none-match": etag })).status, 304);
    for (const [, file] of html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)) {
      const asset = await served.get(file);
      await asset.body?.cancel();
      assertEquals(asset.status, 200, file);
    }
  }
  // deno-lint-ignore no-explicit-any -- as it comes
  const document = await served.json<any>("/openapi.json");
  assertEquals(document.openapi, "3.1.0");
  for (const path of ["/runs", "/runs/{id}", "/runs/{id}/events", "/runs/{id}/stop", "/datasets"]) {
    assert(path in document.paths, path);
  }
});
