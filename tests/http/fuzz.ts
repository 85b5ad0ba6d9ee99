/**
 * Requests made from a server's own OpenAPI document: valid, nearly valid and hostile. The server must answer
 * each soon, without a server error and without content from outside its folders.
 */
import { Rng } from "../../src/common/random.ts";

export interface Fuzzing {
  url: string;
  /** Ids of existing runs. */
  runs: readonly string[];
  /** Data set that requests may name. */
  data: string;
  count: number;
  seed: number;
  /** Content of files that clients must not read. */
  secret: string;
  /** Longest time to an answer; by default only requests that hang fail. */
  limitMs?: number;
}

export interface Fuzzed {
  /** Number of answers by status. */
  statuses: Record<number, number>;
  /** Failures: the request and the reason. */
  failures: string[];
  slowestMs: number;
}

// deno-lint-ignore no-explicit-any -- a JSON schema
type Schema = any;

interface Route {
  method: string;
  path: string;
  parameters: { name: string; in: string; schema: Schema }[];
  body?: Schema;
}

const patienceMs = 600_000;

const nasty = [
  ...[
    "",
    "..",
    "../..",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/etc/passwd",
    "..%5c..%5c",
    "%00",
    "a%00",
  ],
  ...[
    "%ff%fe",
    "%",
    "%zz",
    "😀",
    "%F0%9F%98%80",
    "null",
    "undefined",
    "NaN",
    "-1",
    "1e309",
    "0x10",
  ],
  ...["9".repeat(400), "a".repeat(5000), "__proto__", "constructor", "toString", "<script>", "'\""],
  ...[
    "${jndi:ldap://x}",
    "{{7*7}}",
    "a\tb",
    "queue",
    "state.json",
    ".",
    "~root",
    "\\\\host\\share",
  ],
  ...[
    "file:///etc/passwd",
    "http://169.254.169.254/",
    "config.json/../state.json",
    "1;2",
    "[]",
    "{}",
  ],
];

const headers = [
  ["accept", "application/x-ndjson"],
  ["accept", "\u00e9".repeat(10)],
  ["range", "bytes=0-"],
  ["range", "bytes=-0"],
  ["range", "bytes=99999999999999999999-"],
  ["range", "bytes=1-0,5-"],
  ["last-event-id", "-1"],
  ["last-event-id", "999999999999"],
  ["last-event-id", "1e3"],
  ["if-none-match", "*"],
  ["if-range", "x"],
  ["origin", "https://evil.example"],
  ["host", "evil.example"],
  ["host", ""],
  ["host", "[::1"],
  ["cookie", "denas=; ; =;;".repeat(50)],
  ["authorization", "Bearer " + "x".repeat(3000)],
  ["content-type", "text/plain"],
  ["content-type", "application/json; charset=utf-16"],
  ["content-encoding", "gzip"],
  ["x-forwarded-for", "127.0.0.1"],
  ["x-http-method-override", "DELETE"],
  ["sec-fetch-site", "cross-site"],
  ["expect", "100-continue"],
  ["te", "trailers"],
  ["x-fat", "y".repeat(20_000)],
];

export async function fuzz(options: Fuzzing): Promise<Fuzzed> {
  const document = await (await fetch(`${options.url}openapi.json`)).json();
  const maker = new Maker(routesOf(document), options);
  const result: Fuzzed = { statuses: {}, failures: [], slowestMs: 0 };
  for (let i = 0; i < options.count; i++) {
    const request = maker.next();
    const from = performance.now();
    const answer = await exchange(options.url, request);
    const milliseconds = performance.now() - from;
    result.slowestMs = Math.max(result.slowestMs, milliseconds);
    const status = Number(/^HTTP\/1.1 (?!100)(\d{3})/m.exec(answer)?.[1] ?? 0);
    result.statuses[status] = (result.statuses[status] ?? 0) + 1;
    const wrong = status >= 500
      ? `answered ${status}`
      : milliseconds > (options.limitMs ?? patienceMs)
      ? `took ${milliseconds.toFixed(0)} ms`
      : answer.includes(options.secret) || /root:.*:0:0/.test(answer)
      ? "told what it must not"
      : null;
    if (wrong) result.failures.push(`${wrong}: ${request.slice(0, 300)}`);
  }
  return result;
}

function routesOf(document: Schema): Route[] {
  const resolve = (schema: Schema): Schema =>
    schema?.$ref
      ? resolve(
        schema.$ref.slice(2).split("/").reduce((at: Schema, key: string) => at[key], document),
      )
      : schema;
  const deep = (schema: Schema): Schema => {
    const found = resolve(schema);
    if (typeof found !== "object" || found === null) return found;
    if (Array.isArray(found)) return found.map(deep);
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, deep(value)]));
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Schema).map(([method, operation]: [string, Schema]) => ({
      method: method.toUpperCase(),
      path,
      parameters: deep(operation.parameters ?? []),
      body: deep(operation.requestBody?.content["application/json"]?.schema),
    }))
  );
}

class Maker {
  readonly #rng: Rng;

  constructor(private readonly routes: Route[], private readonly options: Fuzzing) {
    this.#rng = new Rng(options.seed, 4);
  }

  next(): string {
    const route = this.#one(this.routes);
    const { method } = route;
    const path = route.path.replace(/\{(\w+)\}/g, (_, name) => this.#parameter(route, name));
    const query = route.parameters.filter((p) => p.in === "query" && this.#chance(0.4))
      .map(({ name, schema }) => `${name}=${this.#text(schema)}`).join("&");
    const body = method === "GET" ? "" : this.#body(route.body);
    const lines: Record<string, string> = {
      host: new URL(this.options.url).host,
      connection: "close",
    };
    if (method !== "GET") lines["content-type"] = "application/json";
    if (body !== "") lines["content-length"] = String(new TextEncoder().encode(body).length);
    for (let more = this.#chance(0.3); more; more = this.#chance(0.3)) {
      const [name, value] = this.#one(headers);
      lines[name] = value;
    }
    const verb = this.#chance(0.05)
      ? this.#one(["PUT", "HEAD", "OPTIONS", "PATCH", "get", "X"])
      : method;
    const target = path + (query === "" ? "" : `?${query}`);
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}`).join("\r\n");
    // Whitespace and line breaks would change the request.
    return `${verb} ${target.replace(/[\s\r\n]/g, "+")} HTTP/1.1\r\n${head}\r\n\r\n${body}`;
  }

  #parameter({ method, parameters }: Route, name: string): string {
    // Mostly existing ones; rarely for DELETE, which would soon have removed them all.
    if (name === "id" && this.#chance(method === "DELETE" ? 0.02 : 0.8)) {
      return this.#one(this.options.runs);
    }
    return this.#text(parameters.find((parameter) => parameter.name === name)?.schema ?? {});
  }

  #text(schema: Schema): string {
    return this.#chance(0.3)
      ? this.#one(nasty)
      : encodeURIComponent(String(this.#value(schema, 0)));
  }

  #body(schema: Schema): string {
    if (this.#chance(0.1)) {
      return this.#one(["", "{", "[]", "null", "\u0000", '{"a":'.repeat(2000)]);
    }
    const value = this.#value(schema ?? { type: "object" }, 0);
    // An otherwise valid request must not train on real images.
    if (typeof value === "object" && value !== null && "command" in value && !("data" in value)) {
      Object.assign(value, { data: this.options.data });
    }
    return JSON.stringify(value) ?? "";
  }

  /** A value that mostly fits the schema. */
  #value(schema: Schema, depth: number): unknown {
    if (this.#chance(0.04) || depth > 6) return this.#junk();
    if (schema.oneOf ?? schema.anyOf) {
      return this.#value(this.#one(schema.oneOf ?? schema.anyOf), depth);
    }
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return this.#one(schema.enum);
    const type = Array.isArray(schema.type) ? this.#one(schema.type) : schema.type;
    switch (type) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return Array.from(
          { length: this.#rng.below(6) },
          () => this.#value(schema.items ?? {}, depth + 1),
        );
      case "integer":
        return Math.max(schema.minimum ?? 0, this.#rng.below(20));
      case "number":
        return this.#rng.next() * 2;
      case "boolean":
        return this.#chance(0.5);
      case "string":
        return this.#chance(0.3) ? this.#one(this.options.runs) : this.options.data;
    }
    return this.#junk();
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    const required: string[] = schema.required ?? [];
    const fields = Object.entries(schema.properties ?? {}).filter(([name]) =>
      required.includes(name) || this.#chance(0.15)
    );
    const made = fields.map(([name, part]) => [name, this.#value(part, depth + 1)]);
    if (this.#chance(0.05)) {
      made.push([this.#one(["out", "config", "__proto__", "x"]), this.#junk()]);
    }
    return Object.fromEntries(made);
  }

  #junk(): unknown {
    return this.#one([
      ...[
        null,
        -1,
        1e308,
        0.5,
        "",
        true,
        [],
        {},
        "x".repeat(2000),
        "/etc/passwd",
        "../..",
        "\u0000",
      ],
      ...[Number.MAX_SAFE_INTEGER, [[[[]]]], { a: { b: {} } }, "__proto__"],
    ]);
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#rng.below(list.length)];
  }

  #chance(p: number): boolean {
    return this.#rng.next() < p;
  }
}

/** The answer as text; for an endless stream, its beginning. */
async function exchange(url: string, request: string): Promise<string> {
  using connection = await Deno.connect({ port: Number(new URL(url).port) });
  const sending = connection.writable.getWriter().write(new TextEncoder().encode(request));
  sending.catch(() => {}); // Refused before all of it was sent.
  const timer = setTimeout(() => connection.close(), patienceMs + 1000);
  let answer = "";
  try {
    for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
      answer += part;
      if (/^content-type: (text\/event-stream|application\/x-ndjson)\r\n/im.test(answer)) break;
    }
  } catch (error) {
    if (
      !(error instanceof Deno.errors.ConnectionReset) && !(error instanceof Deno.errors.BadResource)
    ) {
      throw error;
    }
  } finally {
    clearTimeout(timer);
  }
  return answer;
}
