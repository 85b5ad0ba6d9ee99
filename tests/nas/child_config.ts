import type { SearchSpace } from "../../src/nas/space.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";

/** Settings of a network in the released scripts; tests change some. */
const released = { keep: 0.9, dropPathKeep: 0.6, auxHead: true };

/** The settings of this list that a space has. */
export function settingsFor(name: string, settings: Record<string, unknown>) {
  const { shape } = spaces.get(name).settings;
  return {
    kind: name,
    ...Object.fromEntries(
      Object.entries(settings).filter(([field]) => Object.hasOwn(shape, field)),
    ),
  };
}

/** A space with these settings where it has them; the others are as released. */
// deno-lint-ignore no-explicit-any
export const spaceAt = (name: string, changes: Record<string, unknown> = {}): SearchSpace<any> =>
  openSpace(settingsFor(name, { ...released, ...changes }));
