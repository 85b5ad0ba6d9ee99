/** Files of earlier versions of denas, in the form that they have today: runs made then stay readable. */
import { spaces } from "./registry.ts";
import type { Settings } from "./definition.ts";

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** Settings of a space from what version 1 called `child`, which had the fields of all spaces. */
function spaceOf(kind: unknown, child: unknown): Settings {
  const name = String(kind);
  const shape = spaces.find(name)?.settings.shape ?? {};
  const own = Object.entries(isObject(child) ? child : {}).filter(([field]) =>
    Object.hasOwn(shape, field)
  );
  return { kind: name, ...Object.fromEntries(own) };
}

/** `network.json` of version 1: the space's name and settings apart, the form among the latter. */
export function upgradedNetwork(json: unknown): unknown {
  if (!isObject(json) || json.version !== 1) return json;
  const { space, child, ...rest } = json;
  const form = isObject(child) ? child.form : undefined;
  return { ...rest, version: 2, space: spaceOf(space, child), form };
}

/**
 * `config.json` of version 1, for readers: the space's name stood apart, and the settings of all strategies and
 * evaluators beside each other. Such a run can be looked at and retrained from, but not resumed.
 */
export function upgradedConfig(json: unknown): unknown {
  if (!isObject(json) || json.version !== 1) return json;
  const { mode, space, child, strategy, evaluator, ...rest } = json;
  const config: Fields = { ...rest, version: 2, space: spaceOf(mode ?? space, child) };
  if (isObject(child) && mode === undefined) config.form = child.form;
  if (typeof strategy === "string") config.strategy = strategyOf(strategy, json);
  if (mode !== undefined) config.evaluator = isObject(evaluator) ? evaluator : { kind: "shared" };
  return config;
}

/** Settings of the strategy that a search of version 1 had, where they are read any more: the controller's. */
function strategyOf(kind: string, { controller }: Fields): Settings {
  return kind.startsWith("enas") && isObject(controller) ? { kind, controller } : { kind };
}
