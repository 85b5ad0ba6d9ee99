/**
 * Settings at their extremes, sent to a server in requests to start runs: each at its minimum, its maximum
 * and just beyond, alone and with others. The answer must come soon: a run, or a refusal with a reason.
 */
import { Rng } from "../../src/common/random.ts";

export interface Extremes {
  /** Number of answers by status. */
  statuses: Record<number, number>;
  /** Requests neither started nor refused with a reason: settings and answer. */
  failures: string[];
  slowestMs: number;
}

export interface ExtremesOptions {
  url: string;
  /** A data set without any information, on which runs end at once. */
  data: string;
  /** Architecture of a search, for retrainings. */
  arch: Record<string, unknown>;
  count: number;
  seed: number;
  /** Longest time to an answer. */
  limitMs: number;
}

// deno-lint-ignore no-explicit-any -- a JSON schema
type Schema = any;
type Setting = { path: string[]; schema: Schema };

const json = { "content-type": "application/json" };

export async function tryExtremes(options: ExtremesOptions): Promise<Extremes> {
  const { url, data, arch, count, seed, limitMs } = options;
  const rng = new Rng(seed, 9);
  const schema: Schema = await (await fetch(`${url}schema/run`)).json();
  const [search, retrain] = schema.oneOf ?? schema.anyOf;
  const { properties } = search;
  const namesIn = (union: Schema) => membersOf(union).map(({ title }) => title as string);
  const one = (names: string[]) => names[rng.below(names.length)];
  const result: Extremes = { statuses: {}, failures: [], slowestMs: 0 };
  for (let i = 0; i < count; i++) {
    const searches = rng.below(2) === 0;
    const mode = one(properties.mode.enum);
    const parts: Record<string, string> = {
      strategy: one(namesIn(properties.strategy)),
      evaluator: one(namesIn(properties.evaluator)),
    };
    const body: Record<string, unknown> = searches
      ? { command: "search", mode, preset: "smoke", data }
      : { command: "retrain", arch, preset: "smoke", data };
    const settings = searches
      ? numbersIn(search, [mode, ...Object.values(parts)])
      : numbersIn(retrain, [arch.space as string]);
    for (let n = [1, 1, 2, settings.length][rng.below(4)]; n > 0; n--) {
      const { path, schema } = settings[rng.below(settings.length)];
      // Values that are all legal are more likely to pass the schema and reach the code behind it.
      const values = extremesOf(schema, n > 2);
      put(body, path, values[rng.below(values.length)]);
    }
    for (const [part, kind] of Object.entries(parts)) {
      if (body[part] !== undefined) body[part] = { kind, ...body[part] as Schema };
    }
    const text = JSON.stringify(body);
    const from = performance.now();
    const response = await fetch(`${url}runs`, { method: "POST", headers: json, body: text });
    const answer = await response.json();
    const milliseconds = performance.now() - from;
    result.slowestMs = Math.max(result.slowestMs, milliseconds);
    result.statuses[response.status] = (result.statuses[response.status] ?? 0) + 1;
    const right = response.status === 202 ||
      response.status === 400 && /^Cannot /.test(answer.detail);
    if (!right || milliseconds > limitMs) {
      const said = JSON.stringify(answer).slice(0, 200);
      result.failures.push(`${response.status} in ${milliseconds.toFixed(0)} ms: ${text}: ${said}`);
    }
    if (response.status === 202) await stop(url, answer.id);
  }
  return result;
}

async function stop(url: string, id: string): Promise<void> {
  const response = await fetch(`${url}runs/${id}/stop`, { method: "POST", headers: json });
  await response.body?.cancel();
}

const membersOf = (schema: Schema): Schema[] => schema.oneOf ?? schema.anyOf ?? [];

/** All numbers of a schema, by path; in a union, those of the members with these titles. */
function numbersIn(schema: Schema, titles: string[]): Setting[] {
  const found: Setting[] = [];
  const walk = (part: Schema, path: string[]) => {
    if (part.type === "integer" || part.type === "number") found.push({ path, schema: part });
    for (const [name, inner] of Object.entries(part.properties ?? {})) {
      if (name !== "arch" && name !== "trial") walk(inner, [...path, name]);
    }
    for (const member of membersOf(part)) if (titles.includes(member.title)) walk(member, path);
  };
  walk(schema, []);
  return found;
}

function extremesOf(schema: Schema, legal: boolean): number[] {
  const { type, minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
  const whole = type === "integer";
  const least = minimum ?? (exclusiveMinimum ?? -1e6) + (whole ? 1 : 1e-9);
  const most = maximum ?? (exclusiveMaximum ?? 1e6 + 1) - (whole ? 1 : 1e-9);
  if (legal) return [least, most];
  return [least, most, least - 1, most + 1, 0, -1, 1e308, Number.MAX_SAFE_INTEGER, 0.5];
}

function put(body: Record<string, unknown>, path: string[], value: number): void {
  const last = path.at(-1)!;
  let at = body;
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>;
  at[last] = value;
}
