/** A server for one test, in this process, with its own folder. */
import { join } from "@std/path";
import { usualPlaces } from "../../src/data/find.ts";
import { openServer } from "../../src/http/server.ts";
import { fileCache } from "../own_cache.ts";
import type { RunningServer, ServerOptions } from "../../src/run/serving.ts";

export interface Served extends AsyncDisposable {
  server: RunningServer;
  /** Folder of all runs. */
  runs: string;
  /** Folder of all studies. */
  studies: string;
  /** Lines that the server reported to its terminal. */
  reports: string[];
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  json<T = Record<string, unknown>>(path: string): Promise<T>;
  /** Sends JSON. */
  send(method: string, path: string, body?: unknown): Promise<Response>;
  /** Sends raw text and returns the whole answer, for requests that fetch refuses to send. */
  raw(text: string): Promise<string>;
}

export async function serve(options: Partial<ServerOptions> = {}): Promise<Served> {
  const folder = Deno.makeTempDirSync({ prefix: "denas-" });
  const runs = options.runs ?? join(folder, "runs");
  const studies = options.studies ?? join(folder, "studies");
  const reports: string[] = [];
  const server = await openServer({
    host: "127.0.0.1",
    port: 0,
    runs,
    studies,
    places: usualPlaces({ ...Deno.env.toObject(), ...fileCache }, folder),
    commandName: "./denas",
    shortPath: (path) => path,
    env: { ...Deno.env.toObject(), ...fileCache },
    wait: () => Promise.resolve(),
    report: (message) => reports.push(message),
    ...options,
  });
  const at = (path: string) => server.url.replace(/\/$/, "") + path;
  const get = (path: string, headers: Record<string, string> = {}) => fetch(at(path), { headers });
  return {
    server,
    runs: Deno.realPathSync(runs),
    studies,
    reports,
    get,
    async json<T>(path: string) {
      const response = await get(path);
      const body = await response.json();
      if (!response.ok) throw new Error(`GET ${path}: ${JSON.stringify(body)}`);
      return body as T;
    },
    send: (method, path, body = {}) =>
      fetch(at(path), {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    raw: (text) => exchange(Number(new URL(server.url).port), text),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function exchange(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ port });
  await connection.write(new TextEncoder().encode(text));
  let answer = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) answer += part;
  return answer;
}

export interface Message {
  id?: number;
  event?: string;
  // deno-lint-ignore no-explicit-any -- any event
  data?: any;
}

/** Yields server-sent events as they arrive, without comments. */
export async function* messages(response: Response): AsyncGenerator<Message> {
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + part).split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const message: Message = {};
      for (const line of block.split("\n")) {
        const [, field, value] = /^(\w+): (.*)$/s.exec(line) ?? [];
        if (field === "id") message.id = Number(value);
        if (field === "event") message.event = value;
        if (field === "data") message.data = JSON.parse(value);
      }
      if (message.data !== undefined) yield message;
    }
  }
}
