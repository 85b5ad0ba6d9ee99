import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { makeRun } from "./made_run.ts";
import { serve, type Served } from "./serving.ts";

const token = "0123456789abcdef-token";
const small = { epochs: 1, perEpoch: 10, stepsPerEpoch: 10 };

/** Status of a request that fetch would not send. */
async function status(served: Served, ...lines: string[]): Promise<number> {
  const answer = await served.raw([...lines, "connection: close", "", ""].join("\r\n"));
  return Number(/^HTTP\/1.1 (\d+)/.exec(answer)![1]);
}

Deno.test("only the server's own names are answered: no name that another DNS points here", async () => {
  await using served = await serve();
  const { host, port } = new URL(served.server.url);
  for (const name of [host, `localhost:${port}`, "localhost", `[::1]:${port}`]) {
    assertEquals(await status(served, "GET /runs HTTP/1.1", `host: ${name}`), 200, name);
  }
  for (
    const name of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "10.0.0.7"]
  ) {
    assertEquals(await status(served, "GET /runs HTTP/1.1", `host: ${name}`), 421, name);
    assertEquals(await status(served, "GET / HTTP/1.1", `host: ${name}`), 421, name);
  }
});

Deno.test("another address is answered by number and by the machine's name, with the token only", async () => {
  await using served = await serve({ host: "0.0.0.0", token });
  const ask = (host: string, ...more: string[]) =>
    status(served, "GET /runs HTTP/1.1", `host: ${host}`, ...more);
  const bearer = `authorization: Bearer ${token}`;
  assertEquals(await ask("192.168.1.9:8000"), 401);
  assertEquals(await ask("192.168.1.9:8000", bearer), 200);
  assertEquals(await ask(Deno.hostname(), bearer), 200);
  assertEquals(await ask("evil.example", bearer), 421);
});

Deno.test("pages of other sites are refused", async () => {
  await using served = await serve();
  const { host, port } = new URL(served.server.url);
  const ask = (...more: string[]) => status(served, "GET /runs HTTP/1.1", `host: ${host}`, ...more);
  assertEquals(await ask(`origin: http://${host}`), 200);
  for (
    const origin of [
      "https://evil.example",
      "null",
      `http://localhost:${port}`,
      "http://127.0.0.1:1",
    ]
  ) {
    assertEquals(await ask(`origin: ${origin}`), 403, origin);
  }
  const post = (...more: string[]) =>
    status(
      served,
      "POST /runs/x/stop HTTP/1.1",
      `host: ${host}`,
      "content-type: application/json",
      "content-length: 0",
      ...more,
    );
  assertEquals(await post("sec-fetch-site: cross-site"), 403);
  assertEquals(await post("sec-fetch-site: same-site"), 403);
  assertEquals(await post("sec-fetch-site: same-origin"), 404);
});

Deno.test("what a form can send changes nothing", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    for (const [method, path] of [["POST", "/runs"], ["DELETE", `/runs/${id}`]]) {
      const headers = { "content-type": type };
      const response = await fetch(served.server.url + path.slice(1), {
        method,
        headers,
        body: "{}",
      });
      assertEquals((await response.json()).status, 415, `${method} ${path} ${type}`);
    }
  }
  const bare = await fetch(`${served.server.url}runs/${id}`, { method: "DELETE" });
  assertEquals((await bare.json()).status, 415);
  assertEquals((await served.get(`/runs/${id}`)).status, 200);
  for (const path of [`/runs/${id}/stop`, `/runs/${id}/resume`]) {
    assertEquals((await served.get(path)).status, 404, "not with GET");
  }
});

Deno.test("with a token nothing of a run is told without it; a cookie stands for it", async () => {
  await using served = await serve({ token });
  const id = await makeRun(served.runs, small);
  const closed = [
    "/runs",
    `/runs/${id}`,
    `/runs/${id}/events`,
    "/metrics",
    "/datasets",
    "/nowhere",
  ];
  for (const path of closed) {
    const response = await served.get(path);
    await response.body?.cancel();
    assertEquals([response.status, response.headers.get("www-authenticate")], [
      401,
      'Bearer realm="denas"',
    ]);
    for (const value of ["Bearer wrong", `Bearer ${token}x`, `Basic ${token}`, "Bearer"]) {
      assertEquals((await served.get(path, { authorization: value })).status, 401, value);
    }
  }
  for (const path of ["/", "/healthz", "/openapi.json", "/docs", "/ui/main.js"]) {
    const response = await served.get(path);
    await response.body?.cancel();
    assertEquals(response.status, 200, path);
  }
  const bearer = await served.get("/runs", { authorization: `Bearer ${token}` });
  assertEquals(bearer.status, 200);
  assertEquals((await served.send("POST", "/runs", {})).status, 401);

  assertEquals((await served.send("POST", "/session", { token: "wrong" })).status, 401);
  const session = await served.send("POST", "/session", { token });
  assertEquals(session.status, 204);
  const set = session.headers.get("set-cookie")!;
  assert(/; HttpOnly; SameSite=Strict;/.test(set), set);
  assert(!set.includes(token), "the cookie does not give the token away");
  const [cookie] = set.split(";");
  assertEquals((await served.get("/runs", { cookie: `other=1; ${cookie}` })).status, 200);
  assertEquals((await served.get("/runs", { cookie: `${cookie}0` })).status, 401);
  const end = await served.send("DELETE", "/session");
  assert(end.headers.get("set-cookie")!.includes("Max-Age=0"));
});

Deno.test("wrong tokens are answered one after another, right ones at once, too many not at all", async () => {
  const waits: (() => void)[] = [];
  let pass = false;
  const wait = () => pass ? Promise.resolve() : new Promise<void>((go) => waits.push(go));
  await using served = await serve({ token, wait });
  const ask = async (authorization: string) => {
    const response = await served.get("/runs", { authorization });
    await response.body?.cancel();
    return response.status;
  };
  let answered = 0;
  const guesses = Array.from({ length: 20 }, async (_, i) => {
    const status = await ask(`Bearer guess-${i}`);
    answered++;
    return status;
  });
  // All twenty are in line once the next is turned away.
  let status;
  do status = await Promise.race([ask("Bearer one-more"), ...guesses]); while (status !== 429);
  assertEquals([answered, waits.length], [0, 1], "only the first one's time runs");
  assertEquals(await ask(`Bearer ${token}`), 200);
  pass = true;
  waits[0]();
  assertEquals(await Promise.all(guesses), new Array(20).fill(401));
});

Deno.test("behind a proxy its names are answered and its pages may act; others still not", async () => {
  await using served = await serve({ trustedHosts: ["denas.example.org"], token });
  const { host } = new URL(served.server.url);
  const bearer = `authorization: Bearer ${token}`;
  const ask = (name: string, ...more: string[]) =>
    status(served, "GET /runs HTTP/1.1", `host: ${name}`, bearer, ...more);
  assertEquals(await ask("denas.example.org"), 200);
  assertEquals(await ask("denas.example.org:443", "origin: https://denas.example.org"), 200);
  // A proxy that asks by the server's own address.
  assertEquals(await ask(host, "origin: https://denas.example.org"), 200);
  assertEquals(await ask("evil.example"), 421);
  assertEquals(await ask("sub.denas.example.org"), 421);
  assertEquals(await ask(host, "origin: https://evil.example"), 403);
  assertEquals(await ask(host, "origin: https://denas.example.org.evil.example"), 403);
});

Deno.test("links are refused for every file that is read", async () => {
  await using served = await serve();
  const secret = "do not tell";
  const outside = join(Deno.makeTempDirSync(), "outside");
  for (const name of ["state.json", "config.json", "events.ndjson", "arch.json"]) {
    const id = await makeRun(served.runs, { ...small, seed: 1 });
    const file = join(served.runs, id, name);
    const content = Deno.readTextFileSync(file);
    // The link's target is readable and has secret content.
    Deno.writeTextFileSync(outside, content.replaceAll(/adam|"choice"|"preset"/g, `"${secret}"`));
    Deno.removeSync(file);
    Deno.symlinkSync(outside, file);
    for (const rest of ["", "/events?follow=false", "/curves", "/trials", "/arch", "/arch.svg"]) {
      const response = await served.get(`/runs/${id}${rest}`);
      const text = await response.text();
      assert(!text.includes(secret), `${name} at ${rest}: ${text.slice(0, 200)}`);
      assert(response.status < 500);
    }
    assert(!(await (await served.get("/runs")).text()).includes(secret));
    const download = await served.get(`/runs/${id}/artifacts/${name}`);
    assert([400, 404].includes(download.status), `${name}: ${download.status}`);
    await download.body?.cancel();
    Deno.removeSync(join(served.runs, id), { recursive: true });
  }
  assertEquals(served.reports, []);
});

Deno.test("sizes are limited: body, headers, address", async () => {
  await using served = await serve();
  const { host } = new URL(served.server.url);
  const big = "x".repeat(70_000);
  assertEquals((await served.send("POST", "/session", { token: big })).status, 413);
  // Without a length, in chunks.
  const chunks = ReadableStream.from([1, 2, 3, 4].map(() => new TextEncoder().encode(big)));
  const streamed = await fetch(`${served.server.url}session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: chunks,
  });
  assertEquals((await streamed.json()).status, 413);
  const long = `GET /runs?q=${"x".repeat(9000)} HTTP/1.1`;
  assertEquals(await status(served, long, `host: ${host}`), 414);
  const fat = `x-fat: ${"x".repeat(17_000)}`;
  assertEquals(await status(served, "GET /runs HTTP/1.1", `host: ${host}`, fat), 431);
});

Deno.test("no name leads out of the runs folder: dots, codes, absolute paths, links", async () => {
  await using served = await serve();
  const { host } = new URL(served.server.url);
  const id = await makeRun(served.runs, small);
  const outside = Deno.makeTempDirSync();
  const secret = "do not tell";
  for (const name of ["state.json", "config.json", "arch.json", "events.ndjson"]) {
    Deno.writeTextFileSync(join(outside, name), secret);
  }
  Deno.symlinkSync(outside, join(served.runs, "linked"));
  Deno.mkdirSync(join(served.runs, "half"));
  Deno.symlinkSync(join(outside, "state.json"), join(served.runs, "half", "state.json"));
  Deno.removeSync(join(served.runs, id, "trials.ndjson"));
  Deno.symlinkSync(join(outside, "arch.json"), join(served.runs, id, "trials.ndjson"));
  const names = [
    ...[
      "..",
      ".",
      "%2e%2e",
      "..%2f..",
      "%2e%2e%2f%2e%2e%2fetc",
      "/etc",
      "%2fetc%2fpasswd",
      "..%5c..",
    ],
    ...["linked", "half", "queue", "a%00b", "%252e%252e", "C:%5c", "~", "a".repeat(300)],
    ...["....//", "runs/..", `${id}/..`, `${id}%2f..%2f${id}`, `./${id}`.replace("/", "%2f")],
  ];
  for (const name of names) {
    for (const rest of ["", "/events", "/trials", "/artifacts/config.json", "/arch", "/arch.svg"]) {
      const answer = await served.raw(
        `GET /runs/${name}${rest} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
      );
      assert(/^HTTP\/1.1 4\d\d/.test(answer), `${name}${rest}: ${answer.slice(0, 80)}`);
      assert(!answer.includes(secret));
    }
  }
  const linked = await served.get(`/runs/${id}/artifacts/trials.ndjson`);
  assertEquals((await linked.json()).status, 404);
  const { runs } = await served.json<{ runs: { id: string }[] }>("/runs");
  assertEquals(runs.map((run) => run.id), [id]);
  assertEquals((await served.send("DELETE", "/runs/linked")).status, 404);
  assertEquals(Deno.readTextFileSync(join(outside, "state.json")), secret);
});

Deno.test("nothing that names a file can be asked for", async () => {
  const dataDir = Deno.makeTempDirSync();
  Deno.mkdirSync(join(dataDir, "photos"));
  Deno.symlinkSync("/usr", join(dataDir, "link"));
  Deno.writeTextFileSync(join(dataDir, "file"), "");
  await using served = await serve({ dataDir });
  const id = await makeRun(served.runs, small);
  const arch = await served.json<Record<string, unknown>>(`/runs/${id}/arch`);
  const search = { command: "search", mode: "micro", preset: "smoke" };
  const retrain = { command: "retrain", preset: "smoke" };
  const refused: Record<string, unknown>[] = [
    ...[
      "out",
      "config",
      "runs",
      "dataDir",
      "data-dir",
      "initFrom",
      "init-from",
      "space",
      "tokenFile",
    ]
      .flatMap((name) => [{ ...search, [name]: "x" }, { ...retrain, arch, [name]: "x" }]),
    ...["monitorPath", "modelSavePath", "recordedArch", "adapterPath", "version", "set"]
      .map((name) => ({ ...search, [name]: "x" })),
    { ...search, plugins: ["/etc/passwd"] },
    ...[{ kind: "table" }, { kind: "table", table: "/etc/passwd" }, "table"]
      .map((evaluator) => ({ ...search, evaluator })),
    { ...search, evaluator: { kind: "shared", table: "/etc/passwd" } },
    { ...search, strategy: { kind: "random", encoding: { sample: "/etc/passwd" } } },
    ...["./mine.ts", "__proto__", "constructor"]
      .flatMap((kind) => [{ ...search, strategy: { kind } }, { ...search, evaluator: { kind } }]),
    ...[search, { ...retrain, arch }].map((body) => ({ ...body, space: { kind: "./mine.ts" } })),
    ...[
      "/etc",
      "../photos",
      "./photos",
      "photos/..",
      "photos/a",
      ".",
      "..",
      "link",
      "file",
      "none",
      "",
    ]
      .flatMap((data) => [{ ...search, data }, { ...retrain, arch, data }]),
    { ...search, data: join(dataDir, "photos") },
    ...["./mine.ts", "/etc/passwd", "https://evil.example/space.ts", "__proto__", "constructor"]
      .flatMap((mode) => [{ ...search, mode }, { ...search, preset: mode }]),
    ...["../x", "/etc", "linked", "%2e%2e"].map((from) => ({ ...retrain, from })),
    { ...retrain, arch: { ...arch, data: "/etc" } },
    { ...retrain, arch: { ...arch, space: "./mine.ts" } },
    { ...retrain, arch: { ...arch, space: "__proto__" } },
    { ...retrain, arch: { ...arch, choice: [99] } },
    { ...retrain, arch: "arch.json" },
    { ...retrain },
    { ...retrain, arch, from: id },
  ];
  for (const body of refused) {
    const response = await served.send("POST", "/runs", body);
    const problem = await response.json();
    const text = JSON.stringify(body);
    assert(response.status === 400 || response.status === 404, `${response.status} for ${text}`);
    assert(problem.detail.startsWith("Cannot "), problem.detail);
  }
  const { total } = await served.json<{ total: number }>("/runs");
  assertEquals(total, 1, "none of them made a run");
});

Deno.test("no setting that a run may be started with is free text", async () => {
  await using served = await serve();
  // deno-lint-ignore no-explicit-any -- a JSON schema
  const schema = await served.json<any>("/schema/run");
  const texts: string[] = [];
  // deno-lint-ignore no-explicit-any -- a JSON schema
  const walk = (part: any, path: string) => {
    if (part.type === "string" && !part.enum && !part.const && !part.pattern) texts.push(path);
    for (const [name, inner] of Object.entries(part.properties ?? {})) {
      walk(inner, `${path}.${name}`);
    }
    if (part.items) walk(part.items, `${path}[]`);
    for (const option of [...part.oneOf ?? [], ...part.anyOf ?? []]) walk(option, path);
  };
  walk(schema, "");
  // An architecture's description of itself; only its space and choices are used, and they are checked.
  assertEquals(texts.filter((path) => !path.startsWith(".arch.")), []);
});
