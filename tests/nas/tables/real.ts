/**
 * Finds published tables, which are not part of this repository: in $DENAS_TABLES, then in ../shared/data
 * beside it. Tests that need them are ignored where there are none.
 */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";

const root = Deno.env.get("DENAS_TABLES") ??
  fileURLToPath(new URL("../../../../shared/data", import.meta.url));

/** The path of a published table, or null. */
export function publishedTable(...parts: string[]): string | null {
  const path = join(root, ...parts);
  try {
    return Deno.statSync(path).isFile ? path : null;
  } catch {
    return null;
  }
}

/** A test that needs a published table. */
export function tableTest(
  name: string,
  parts: string[],
  body: (path: string) => Promise<void>,
): void {
  const path = publishedTable(...parts);
  Deno.test({ name, ignore: path === null, fn: () => body(path!) });
}
