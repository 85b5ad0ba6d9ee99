import { assert, assertEquals } from "@std/assert";
import { UsageError } from "../../src/common/errors.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { expectReject } from "../run/expect.ts";
import { cert, key, otherKey } from "./certificate.ts";
import { serve, type Served } from "./serving.ts";

/** Much longer than a busy machine takes for a request. Server and client share one thread. */
const deadlines = { headersMs: 500, requestMs: 1000 };

/** Everything received until the server closes the connection. */
async function untilClosed(served: Served, sent = ""): Promise<string> {
  using connection = await Deno.connect({ port: Number(new URL(served.server.url).port) });
  await connection.write(new TextEncoder().encode(sent));
  let answer = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) answer += part;
  return answer;
}

Deno.test("who sends nothing, half a header or half a body is cut off, and the server answers others", async () => {
  await using served = await serve({ deadlines });
  const { host } = new URL(served.server.url);
  const post = "POST /session HTTP/1.1\r\ncontent-type: application/json\r\n";
  for (
    const sent of [
      "",
      "GET",
      `GET /runs HTTP/1.1\r\nhost: ${host}\r\n`,
      `${post}host: ${host}\r\ncontent-length: 20\r\n\r\n{"token`,
    ]
  ) {
    const answer = await untilClosed(served, sent);
    assert(answer === "" || /^HTTP\/1.1 408 /.test(answer), answer);
  }
  assertEquals((await served.get("/healthz")).status, 200);
  assertEquals(served.reports, []);
});

Deno.test("a stream that goes on outlives the deadline of its request", async () => {
  await using served = await serve({ deadlines });
  const config = { preset: "quick", mode: "micro", seed: 1, data: "mnist", adapter: "default" };
  const run = RunFolder.create({ runs: served.runs, command: "search", mode: "micro", config });
  run.append({ type: "checkpoint", step: 1 });
  const stream = await served.get(`/runs/${run.name}/events`, { accept: "application/x-ndjson" });
  const lines = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals(JSON.parse((await lines.read()).value!).step, 1);
  // One that began later and sent nothing has met its deadline, and so has another after it.
  for (let i = 0; i < 2; i++) await untilClosed(served);
  run.append({ type: "checkpoint", step: 2 });
  assertEquals(JSON.parse((await lines.read()).value!).step, 2);
  await lines.cancel();
  run.close();
});

Deno.test("with certificate and key it speaks HTTPS, and the cookie is for HTTPS alone", async () => {
  const token = "0123456789abcdef-token";
  await using served = await serve({ tls: { cert, key }, token });
  assert(served.server.url.startsWith("https://127.0.0.1:"), served.server.url);
  using client = Deno.createHttpClient({ caCerts: [cert] });
  const at = (path: string) => new URL(path, served.server.url);
  const origin = at("/").origin;
  const session = await fetch(at("/session"), {
    ...{ client, method: "POST", body: JSON.stringify({ token }) },
    headers: { "content-type": "application/json", origin },
  });
  assertEquals(session.status, 204);
  const cookie = session.headers.get("set-cookie")!;
  assert(/; Secure;/.test(cookie), cookie);
  const headers = { cookie: cookie.split(";")[0] };
  const runs = await fetch(at("/runs"), { client, headers });
  assertEquals([runs.status, await runs.json()], [200, { runs: [], total: 0 }]);
});

Deno.test("what cannot be listened on is a sentence: address, port, certificate", async () => {
  await using served = await serve();
  const port = Number(new URL(served.server.url).port);
  const refused: [Parameters<typeof serve>[0], string][] = [
    [{ host: "999.1.2.3" }, "Cannot listen on host 999.1.2.3: this machine has no such address"],
    [{ host: "192.0.2.7" }, "this machine has no such address"],
    [{ port }, `Cannot listen on port ${port}: another program does`],
    [{ tls: { cert: "x", key } }, "Cannot use the certificate: "],
    [{ tls: { cert, key: "x" } }, "Cannot use the key: "],
    [{ tls: { cert, key: otherKey } }, "it is another certificate's"],
  ];
  for (const [options, message] of refused) {
    await expectReject(() => serve(options), UsageError, message);
  }
});
