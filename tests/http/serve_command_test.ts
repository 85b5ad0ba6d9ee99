import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { writePictures } from "../data/make.ts";
import { denas, start } from "../cli/command.ts";
import { messages } from "./serving.ts";

/** Reads what a process says until a pattern is there. */
async function hear(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<RegExpExecArray> {
  let said = "";
  for await (
    const part of stream.pipeThrough(new TextDecoderStream() as never, { preventCancel: true })
  ) {
    said += part;
    const match = pattern.exec(said);
    if (match) return match;
  }
  throw new Error(`nothing like ${pattern} in ${JSON.stringify(said)}`);
}

Deno.test("serve prints its address, answers, and ends with Ctrl-C", async () => {
  const { child, here } = start(["serve", "--port", "0"]);
  const [, url] = await hear(child.stdout, /serving +(http:\S+)\n/);
  const { runs } = await (await fetch(`${url}runs`)).json();
  assertEquals(runs, []);
  const busy = await denas(["serve", "--port", new URL(url).port], { INIT_CWD: here });
  assertEquals(busy.code, 2);
  assert(busy.stderr.includes(`Cannot listen on port ${new URL(url).port}`), busy.stderr);
  child.kill("SIGINT");
  await child.stderr.cancel();
  assertEquals((await child.status).code, 0);
  assert(Deno.statSync(join(here, "runs")).isDirectory);
});

Deno.test("on another address a token is demanded: made and printed, or from a file of some length", async () => {
  const { child, here } = start(["serve", "--port", "0", "--host", "0.0.0.0"]);
  const [, token, port] = await hear(
    child.stdout,
    /token +(\S{32})\nserving +http:\/\/0\.0\.0\.0:(\d+)\//,
  );
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`http://127.0.0.1:${port}/runs`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await ask({}), 401);
  assertEquals(await ask({ authorization: `Bearer ${token}` }), 200);
  child.kill("SIGINT");
  await child.stderr.cancel();
  await child.status;

  Deno.writeTextFileSync(join(here, "short.txt"), "secret\n");
  for (
    const [file, reason] of [["short.txt", "6 characters"], ["none.txt", "Cannot read the token"]]
  ) {
    const refused = await denas(["serve", "--port", "0", "--token-file", file], { INIT_CWD: here });
    assert(refused.code === 1 || refused.code === 2);
    assert(refused.stderr.includes(reason), refused.stderr);
  }
});

Deno.test("what serve cannot use is one sentence before it listens", async () => {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  Deno.writeTextFileSync(join(here, "file"), "");
  const cases: [string[], string, Record<string, string>?][] = [
    [[], "Cannot use DENAS_TOKEN: 15 characters, expected one word of at least 16", {
      DENAS_TOKEN: "123456789012345",
    }],
    [["--host", "999.1.2.3"], "Cannot listen on host 999.1.2.3: this machine has no such address"],
    [["--runs", "file"], "a file has the name of a folder that is needed"],
    [["--runs", "file/runs"], "a file has the name of a folder that is needed"],
    [["--runs", "x".repeat(5000)], "characters are more than the system takes"],
    [["--cert", "none.pem"], "Cannot use --cert: --key is missing, expected both"],
    [["--cert", "none.pem", "--key", "none.pem"], "Cannot read the certificate"],
    [["--trusted-host", "https://a.example/"], "a name like denas.example.org"],
  ];
  const results = await Promise.all(
    cases.map(([args, , env]) =>
      denas(["serve", "--port", "0", ...args], { INIT_CWD: here, ...env })
    ),
  );
  results.forEach(({ code, stdout, stderr }, i) => {
    const [, message] = cases[i];
    assert(code === 1 || code === 2, stderr);
    const last = stderr.trimEnd().split("\n").at(-1)!;
    assert(last.startsWith("denas: Cannot ") && last.includes(message), stderr);
    assert(last.length < 1000 && !stderr.includes("    at "), stderr);
    assertEquals(stdout, "");
  });
});

Deno.test("--trusted-host demands a token, on loopback too", async () => {
  const { child } = start(["serve", "--port", "0", "--trusted-host", "denas.example.org"]);
  const [, token, url] = await hear(child.stdout, /token +(\S{32})\nserving +(http:\S+)\n/);
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`${url}runs`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await ask({}), 401);
  assertEquals(await ask({ authorization: `Bearer ${token}` }), 200);
  child.kill("SIGHUP");
  await child.stderr.cancel();
  assertEquals((await child.status).code, 0, "ended as by Ctrl-C");
});

Deno.test("a space of a plug-in is offered with its settings, and searched by a run that loads it", async () => {
  const here = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "denas-" }));
  const dataDir = join(here, "sets");
  const parts = { train: 20, valid: 4, test: 6 };
  await writePictures(join(dataDir, "photos"), parts, { size: [16, 16] });
  const plugin = fileURLToPath(new URL("../../examples/residual.ts", import.meta.url));
  const { child } = start(
    ["serve", "--port", "0", "--data-dir", dataDir, "--plugin", plugin],
    { INIT_CWD: here },
  );
  const [, url] = await hear(child.stdout, /serving +(http:\S+)\n/);
  const [search] = (await (await fetch(`${url}schema/run`)).json()).oneOf;
  assert(search.properties.mode.enum.includes("residual"));
  const response = await fetch(`${url}runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ command: "search", mode: "residual", preset: "smoke", data: "photos", batch: 8 },
      ...{ rounds: 1, perRound: 2, strategy: { kind: "random" } },
      evaluator: { kind: "shared", rewardBatch: 4 },
    }),
  });
  const { id } = await response.json();
  assertEquals(response.status, 202);
  for await (const { data } of messages(await fetch(`${url}runs/${id}/events`))) {
    assert(data.state !== "failed", data.error);
    if (data.type !== "start") continue;
    assertEquals([data.space, data.config.plugins], ["residual", [plugin]]);
  }
  // Its process ends after its last event.
  let state = "running";
  while (state === "running") ({ state } = await (await fetch(`${url}runs/${id}`)).json());
  assertEquals(state, "done");
  child.kill("SIGINT");
  await child.stderr.cancel();
  assertEquals((await child.status).code, 0);
});

Deno.test("--serve shows a search while it goes on, and ends with it", async () => {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  await writePictures(join(here, "photos"), { train: 20, valid: 4, test: 6 }, { size: [16, 16] });
  const small = [
    "epochs=6",
    "rounds=2",
    "perRound=2",
    "evaluator.rewardBatch=4",
    "selection.images=8",
    "selection.drawn=2",
  ];
  const { child } = start([
    ...["search", "--mode", "macro", "--preset", "smoke", "--data", "photos", "--batch", "8"],
    ...small.flatMap((setting) => ["--set", setting]),
    ...["--wait", "--serve", "--json"],
  ], { INIT_CWD: here });
  const [mine, other] = child.stderr.tee();
  const [, url] = await hear(mine, /serving +(http:\S+)\n/);
  const [, id] = await hear(other, /run +runs\/(\S+)\n/);
  const events = await (await fetch(`${url}runs/${id}/events`, {
    headers: { accept: "application/x-ndjson" },
  })).text();
  // The output of --json, the file and the stream are the same lines.
  assertEquals(await new Response(child.stdout).text(), events);
  assertEquals((await child.status).code, 0);
  await assertGone(url);
});

Deno.test("--serve without the permission to start a server names the ways that have it", async () => {
  const cli = new URL("../../cli.ts", import.meta.url).href;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=engine", "--no-prompt", "--no-check", cli, "search", "--serve"],
    env: { INIT_CWD: Deno.makeTempDirSync({ prefix: "denas-" }) },
  }).output();
  assertEquals(code, 2);
  const reason = "Cannot serve beside the run: no permission to start a server; type";
  assert(new TextDecoder().decode(stderr).includes(reason));
});

async function assertGone(url: string): Promise<void> {
  for (;;) {
    try {
      await (await fetch(url)).body?.cancel();
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
