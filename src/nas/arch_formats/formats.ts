/** File formats of an architecture, by name. */

export const forms = ["arch", "script", "npy"] as const;

/** `arch`: arch.json; `script`: integers as text; `npy`: a NumPy array. */
export type Form = typeof forms[number];

/** Format implied by a file's name, or null. */
export function formOfName(name: string): Form | null {
  const ending = /\.([^./\\]+)$/.exec(name)?.[1].toLowerCase() ?? "";
  const byEnding: Record<string, Form> = { json: "arch", txt: "script", sh: "script", npy: "npy" };
  return byEnding[ending] ?? null;
}
