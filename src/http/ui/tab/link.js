/** Settings of a search as an address, and as the form's fields are read back. */

/** Leaves of nested settings by dotted name. */
function leaves(settings, path = "") {
  return Object.entries(settings).flatMap(([name, value]) => {
    const inner = path ? `${path}.${name}` : name;
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? leaves(value, inner)
      : [[inner, JSON.stringify(value)]];
  });
}

/** Settings that a link does not repeat: what the form has fields for, and what belongs to the pictures. */
const elsewhere = /^(preset|seed|epochs|data|decoder|(space|strategy|evaluator)\.kind)$/;

/** The fragment that fills the form as it was for a run; pictures are no part of it. */
export async function fragmentOf(engine, { config }) {
  const { preset, seed, space, strategy, evaluator, epochs } = config;
  const given = { mode: space.kind, preset, strategy: strategy.kind, evaluator: evaluator.kind };
  const usual = new Map(leaves(
    await engine.ask("settings", {
      mode: space.kind,
      preset,
      seeds: [seed],
      overrides: { strategy: strategy.kind, evaluator: evaluator.kind },
    }),
  ));
  const others = leaves(config).filter(([name, value]) =>
    !elsewhere.test(name) && usual.get(name) !== value
  );
  return `#/new?${new URLSearchParams({
    ...given,
    epochs,
    seeds: seed,
    ...others.length && { set: others.map(([name, value]) => `${name}=${value}`).join(" ") },
  })}`;
}

/**
 * Settings in words of the form's fields that replace those of the preset.
 * @throws Error naming the word that cannot be read.
 */
export function overridesOf({ strategy, evaluator, epochs, set }) {
  /** @type {Record<string, unknown>} */
  const overrides = {};
  if (strategy) overrides.strategy = strategy;
  if (evaluator) overrides.evaluator = evaluator;
  if (epochs.trim()) overrides.epochs = Number(epochs);
  for (const word of set.split(/\s+/).filter(Boolean)) {
    const [name, ...rest] = word.split("=");
    if (!rest.length) throw new Error(`Cannot read ${word}: expected name=value`);
    const text = rest.join("=");
    try {
      overrides[name] = JSON.parse(text);
    } catch {
      overrides[name] = text;
    }
  }
  return overrides;
}

/** The seeds that a field names: one for each run. */
export const seedsOf = (text) => (text.trim() || "1").split(/[\s,]+/).map(Number);
