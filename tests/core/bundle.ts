/** Bundles for browsers, by `deno bundle`: the files of one entry point by name. */
import { join } from "@std/path";

const root = new URL("../../", import.meta.url);

/** @param entry path of a file from the root of the tree. */
export async function bundleForBrowsers(entry: string): Promise<Map<string, string>> {
  const folder = Deno.makeTempDirSync({ prefix: "denas-bundle-" });
  try {
    const output = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--platform",
        "browser",
        "--code-splitting",
        "--outdir",
        folder,
        entry,
      ],
      cwd: root,
    }).output();
    if (!output.success) {
      throw new Error(`Cannot bundle: ${new TextDecoder().decode(output.stderr)}`);
    }
    return new Map(
      [...Deno.readDirSync(folder)].map((
        { name },
      ) => [name, Deno.readTextFileSync(join(folder, name))]),
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Files loaded with `entry`, without dynamic imports. */
export function loadedWith(bundle: ReadonlyMap<string, string>, entry: string): string[] {
  const reached = new Set([entry]);
  for (const name of reached) {
    const imports = (bundle.get(name) ?? "").matchAll(
      /^(?:import |(?:import|export|\})[^"';\n]* from )"([^"\n]+)";$/gm,
    );
    for (const [, from] of imports) reached.add(from.replace(/^\.\//, ""));
  }
  return [...reached];
}
