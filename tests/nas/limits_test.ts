import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { UsageError } from "../../src/common/errors.ts";
import { parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveSearchConfig, retrainConfig, searchConfig } from "../../src/nas/config/config.ts";
import { describe } from "../../src/nas/analysis/describe.ts";
import { foundAt } from "../../src/nas/config/final_config.ts";
import { limits } from "../../src/nas/config/limits.ts";
import { evaluators, openSpace, spaces, strategies } from "../../src/nas/registry.ts";
import { baselineChoice } from "../../src/nas/analysis/baseline.ts";
import { expectThrow } from "../run/expect.ts";

// deno-lint-ignore no-explicit-any -- a JSON schema
type Schema = any;

/** Thresholds that are only compared and allocate nothing. */
const compared = ["maxParams", "maxMacs", "seed"];

/** Dotted names of whole numbers, and of texts and lists, that have no upper bound. */
function unbounded(schema: Schema, path = ""): string[] {
  const { type, properties = {}, items, maximum, maxLength, maxItems, anyOf = [] } = schema;
  const open = type === "integer" && !(maximum < Number.MAX_SAFE_INTEGER) ||
    type === "string" && !schema.enum && !schema.const && maxLength === undefined ||
    type === "array" && maxItems === undefined;
  return [
    ...open ? [path] : [],
    ...Object.entries(properties).flatMap(([name, part]) =>
      unbounded(part, path === "" ? name : `${path}.${name}`)
    ),
    ...items ? unbounded(items, `${path}[]`) : [],
    ...anyOf.flatMap((part: Schema) => unbounded(part, path)),
  ];
}

Deno.test("every setting that sizes something has an upper bound", () => {
  const definitions = [...spaces.all(), ...strategies.all(), ...evaluators.all()];
  for (const schema of [searchConfig, retrainConfig, ...definitions.map((d) => d.settings)]) {
    const open = unbounded(z.toJSONSchema(schema, { io: "input" }));
    assertEquals(open.filter((path) => !compared.includes(path)), []);
  }
});

Deno.test("a size above its bound is refused with the reason", () => {
  const refused = (name: string, value: number, reason: string) =>
    expectThrow(
      () => resolveSearchConfig({ mode: "macro", overrides: { [name]: value } }),
      UsageError,
      reason,
    );
  refused("space.layers", 100_000, "space.layers is 100000, expected at most 64: planning");
  refused("space.filters", 2050, "expected at most 2,048: two reductions");
  refused("batch", 1e6, "expected at most 16,384: a larger batch fits no device");
  refused("rounds", Number.MAX_SAFE_INTEGER, "expected at most 1,000,000: no run gets there");
});

Deno.test("an architecture file may not ask for more than the settings may", () => {
  const arch = {
    ...{ format: "denas-arch", version: 1, space: "macro", input: [28, 28, 1], classes: 10 },
    ...{ choice: [0, 1, 1, 2, 0, 1], stem: 1, layers: 3, filters: 8 },
  };
  for (
    const change of [
      { layers: 65 },
      { filters: 1e9 },
      { input: [1e9, 28, 1] },
      { classes: 1e12 },
      { choice: new Array(20_001).fill(0) },
      { choice: [2 ** 40] },
    ]
  ) {
    const text = JSON.stringify({ ...arch, ...change });
    expectThrow(() => foundAt(parseArchFile(text, "big.json")), Error, "expected at most ");
  }
});

Deno.test("the largest networks that may be asked for are counted without a device, or refused in a sentence", () => {
  const planned = (mode: string, filters: number) => {
    const overrides = { "space.layers": limits.layers.most, "space.filters": filters };
    const config = resolveSearchConfig({ mode, preset: "paper", overrides });
    const space = openSpace(config.space);
    return describe({
      ...{ space, choice: baselineChoice(config.space), input: [4096, 4096, 3], classes: 10 },
      ...{ form: "search", batch: limits.batch.most },
    }).parameters;
  };
  assert(planned("macro", limits.filters.most) > 1e6);
  assert(planned("micro", 128) > 1e6);
  // One of its weights is larger than a binding may be.
  expectThrow(() => planned("micro", limits.filters.most), UsageError, "try fewer filters");
});
