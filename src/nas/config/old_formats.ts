/** Converts files of earlier versions of denas to today's format, so that old runs stay readable. */
import type { Settings } from "../definition.ts";
import { evaluators, spaces, strategies } from "../registry.ts";

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** Selects those fields that a definition has as settings. */
function settingsOf(
  known: typeof spaces | typeof strategies | typeof evaluators,
  kind: unknown,
  fields: Fields,
): Settings {
  const name = String(kind);
  const shape = known.find(name)?.settings.shape ?? {};
  const own = Object.entries(fields).filter(([field, value]) =>
    value !== undefined && Object.hasOwn(shape, field)
  );
  return { kind: name, ...Object.fromEntries(own) };
}

/** Settings of a space, selected from version 1's `child`, which had the fields of all spaces. */
const spaceOf = (kind: unknown, child: unknown): Settings =>
  settingsOf(spaces, kind, isObject(child) ? child : {});

/**
 * Upgrades `network.json` of version 1, which stored the space's name apart from its settings and `form`
 * among them.
 */
export function upgradedNetwork(json: unknown): unknown {
  if (!isObject(json) || json.version !== 1) return json;
  const { space, child, ...rest } = json;
  const form = isObject(child) ? child.form : undefined;
  return { ...rest, version: 2, space: spaceOf(space, child), form };
}

/**
 * Upgrades `config.json` of version 1, for readers. It stored the space's name apart from its settings, and
 * the settings of all strategies and evaluators side by side. Such a run can be read and retrained from, but
 * not resumed.
 */
export function upgradedConfig(json: unknown): unknown {
  if (!isObject(json) || json.version !== 1) return json;
  const { mode, space, child, strategy, evaluator, ...rest } = json;
  const config: Fields = { ...rest, version: 2, space: spaceOf(mode ?? space, child) };
  if (mode === undefined) return { ...config, form: isObject(child) ? child.form : undefined };
  const scorer = isObject(evaluator) ? evaluator : { kind: "shared" };
  config.strategy = settingsOf(strategies, strategy, groupOf(strategy, json));
  config.evaluator = settingsOf(evaluators, scorer.kind, {
    ...json,
    ...isObject(child) ? child : {},
    ...scorer,
  });
  for (const name of [...groups, ...Object.keys(evaluators.get("shared").settings.shape)]) {
    delete config[name];
  }
  return config;
}

/** Groups in which version 1 stored the settings of strategies; some strategies shared one. */
const groups = [
  ...["controller", "encoding"],
  ...["evolution", "nsga2", "halving", "localSearch", "guided"],
];
const ownGroups: Readonly<Record<string, string>> = {
  "evolution": "evolution",
  "nsga2": "nsga2",
  "successive-halving": "halving",
  "hyperband": "halving",
  "local-search": "localSearch",
};

function groupOf(strategy: unknown, json: Fields): Fields {
  const { controller, encoding } = json;
  const group = json[ownGroups[String(strategy)] ?? "guided"];
  return { controller, encoding, ...isObject(group) ? group : {} };
}
