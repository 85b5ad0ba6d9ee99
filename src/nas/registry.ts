/** Registries of spaces, strategies and evaluators by name: the built-ins, and those that `register` adds. */
import { UsageError } from "../common/errors.ts";
import type {
  EvaluatorDefinition,
  Plugin,
  Settings,
  SpaceDefinition,
  StrategyDefinition,
} from "./definition.ts";
import { expectation, firstProblem } from "./config/zod_messages.ts";
import { builtInEvaluators } from "./evaluators/mod.ts";
import type { SearchSpace } from "./space.ts";
import { builtInSpaces } from "./spaces/mod.ts";
import { builtInStrategies } from "./strategies/mod.ts";

/** Origin of each definition that is not built in, for messages: "plug-in FILE". */
const origins = new WeakMap<Plugin, string>();

/** Origin of a definition; undefined for built-in ones. */
export const originOf = (definition: Plugin): string | undefined => origins.get(definition);

/** Definitions of one kind. */
class Registry<D extends Plugin> {
  readonly #known = new Map<string, D>();

  constructor(readonly kind: Plugin["type"], builtIns: readonly D[]) {
    for (const definition of builtIns) this.#known.set(definition.name, definition);
  }

  get names(): string[] {
    return [...this.#known.keys()];
  }

  all(): D[] {
    return [...this.#known.values()];
  }

  find(name: string): D | undefined {
    return this.#known.get(name);
  }

  /** @throws UsageError listing the known names. */
  get(name: string): D {
    const found = this.#known.get(name);
    if (found) return found;
    throw new UsageError(
      `Cannot use ${this.kind} ${JSON.stringify(name)}: expected one of ${
        this.names.join(", ")
      }; --plugin FILE adds one`,
    );
  }

  /** Adding the same definition again changes nothing. @throws UsageError for a name that is taken. */
  add(definition: D, file?: string): void {
    const { name } = definition;
    const known = this.#known.get(name);
    if (known === definition) return;
    if (known) {
      throw new UsageError(
        `Cannot add ${this.kind} ${JSON.stringify(name)}${
          file ? ` of ${file}` : ""
        }: the name is taken, expected another than ${this.names.join(", ")}`,
      );
    }
    this.#known.set(name, definition);
    origins.set(definition, file ? `plug-in ${file}` : "a plug-in");
  }
}

/** Search spaces by name. */
export const spaces = new Registry<SpaceDefinition>("space", builtInSpaces);
/** Search strategies by name. */
export const strategies = new Registry<StrategyDefinition>("strategy", builtInStrategies);
/** Evaluators by name. */
export const evaluators = new Registry<EvaluatorDefinition>("evaluator", builtInEvaluators);

/**
 * Adds a definition to the registry of its kind.
 * @param file file of the plug-in, for messages.
 * @throws UsageError for a name that is taken.
 */
export function register(plugin: Plugin, file?: string): void {
  if (plugin.type === "space") spaces.add(plugin, file);
  else if (plugin.type === "strategy") strategies.add(plugin, file);
  else evaluators.add(plugin, file);
}

/**
 * Opens the space named by `kind`; missing settings take their defaults.
 * @throws UsageError naming the space or the setting.
 */
export function openSpace({ kind, ...settings }: Settings): SearchSpace<unknown> {
  const definition = spaces.get(kind);
  return definition.open(settingsOf(definition, settings));
}

/** Settings with the defaults of their definition. @throws UsageError naming field, value and expectation. */
export function settingsOf<D extends Plugin>(
  { type, name, settings: schema }: D,
  settings: Record<string, unknown>,
): Record<string, unknown> {
  const parsed = schema.safeParse(settings, { error: expectation });
  if (parsed.success) return parsed.data as Record<string, unknown>;
  throw new UsageError(
    `Cannot use ${type} ${name}: ${firstProblem(parsed.error, settings)}`,
  );
}
