/** Checks a plug-in's definition before a run starts with it; each error names its reason. */
import * as z from "zod";
import { UsageError } from "../common/errors.ts";
import { Rng, Stream } from "../common/random.ts";
import { WeightStore } from "../nn/weights.ts";
import { allowed, decisionsOf } from "./decisions.ts";
import type { Plugin, SpaceDefinition } from "./definition.ts";
import { settingsOf } from "./registry.ts";
import { uniformArchitecture } from "./sampling.ts";
import type { SearchSpace } from "./space.ts";

const base = z.looseObject({
  type: z.enum(["space", "strategy", "evaluator"], "expected what defineSpace, … return"),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, "expected lower-case letters, digits, hyphens"),
  summary: z.string().min(1, "expected one line"),
  settings: z.instanceof(z.ZodObject, {
    error: "expected a z.strictObject of the plug-in's own zod",
  }),
  open: z.custom((open) => typeof open === "function", "expected a function"),
});

/** Number of random architectures that each space is checked with. */
const TRIES = 20;

/**
 * Checks the value that a plug-in file exports.
 * @param from file of the plug-in, for messages.
 * @throws UsageError naming the fault.
 */
export function checkPlugin(value: unknown, from: string): Plugin {
  const parsed = base.safeParse(value);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw cannot(from, `${path.join(".") || "its default export"} is wrong: ${message}`);
  }
  const definition = value as Plugin;
  const what = `${definition.type} ${definition.name} of ${from}`;
  settings(definition, what);
  if (definition.type === "space") checkSpace(definition, what);
  return definition;
}

/**
 * Checks that no setting takes the place of the definition's name in a config, and that every setting has a
 * default: presets that do not name the plug-in can then use it.
 */
function settings(definition: Plugin, what: string): void {
  if ("kind" in definition.settings.shape) {
    throw cannot(
      what,
      "it has a setting named kind, expected another name: configs keep kind for its own",
    );
  }
  try {
    settingsOf(definition, {});
  } catch (cause) {
    throw cannot(what, `its settings have no defaults: ${reason(cause)}`, cause);
  }
}

function checkSpace(definition: SpaceDefinition, what: string): void {
  const space = opened(definition, what);
  const rng = new Rng(1, Stream.search);
  const { choice } = definition.example;
  law(space, what, choice, () => space.decode(choice));
  for (let i = 0; i < TRIES; i++) {
    const arch = attempt(what, "start() and decode()", () => uniformArchitecture(space, rng));
    law(space, what, space.encode(arch), () => arch);
  }
}

function opened(definition: SpaceDefinition, what: string): SearchSpace<unknown> {
  const given = attempt(what, "example.settings", () => {
    return settingsOf(definition, definition.example.settings as Record<string, unknown>);
  });
  return attempt(what, "open()", () => definition.open(given));
}

/** Checks that `decode(encode(a))` is a, that each decision is sound, and that the network can be built. */
function law(
  space: SearchSpace<unknown>,
  what: string,
  choice: readonly number[],
  make: () => unknown,
): void {
  const arch = attempt(what, "decode()", make);
  const again = attempt(what, "encode() and decode()", () => space.decode(space.encode(arch)));
  if (JSON.stringify(again) !== JSON.stringify(arch)) {
    throw cannot(what, `decode(encode(a)) is not a for choices ${choice.join(" ")}`);
  }
  const decisions = attempt(what, "start()", () => decisionsOf(space, choice));
  const ids = new Set(decisions.map(({ id }) => id));
  if (ids.size < decisions.length) throw cannot(what, "two decisions have one id");
  decisions.forEach((decision, i) => {
    if (allowed(decision).includes(choice[i])) return;
    throw cannot(what, `decision ${decision.id} does not allow ${choice[i]}, which encode() gave`);
  });
  attempt(what, "build()", () =>
    space.build(arch, {
      weights: new WeightStore(),
      input: [32, 32, 3],
      classes: 10,
      form: "final",
    }));
}

function attempt<T>(what: string, part: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw cannot(what, `${part} failed: ${reason(cause)}`, cause);
  }
}

const reason = (cause: unknown) => cause instanceof Error ? cause.message : String(cause);

const cannot = (what: string, why: string, cause?: unknown) =>
  new UsageError(`Cannot use ${what}: ${why}`, { cause });
