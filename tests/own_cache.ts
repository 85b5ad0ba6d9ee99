/**
 * Caches of tests. Runs lock the adapter by a file in the cache, so commands of test files that run at the same time
 * need caches of their own. What Deno, the driver and the bundler of the page have cached stays shared.
 */
import { join } from "@std/path";

/** Variables of a new cache. */
export function ownCache() {
  const usual = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? ".", ".cache");
  const own = Deno.makeTempDirSync({ prefix: "denas-cache-" });
  const bundles = join(usual, "denas", "tab");
  Deno.mkdirSync(bundles, { recursive: true });
  Deno.mkdirSync(join(own, "denas"));
  Deno.symlinkSync(bundles, join(own, "denas", "tab"));
  return {
    XDG_CACHE_HOME: own,
    DENO_DIR: Deno.env.get("DENO_DIR") ?? join(usual, "deno"),
    MESA_SHADER_CACHE_DIR: Deno.env.get("MESA_SHADER_CACHE_DIR") ??
      join(usual, "mesa_shader_cache"),
  };
}

/** Variables of the cache that the commands and servers of this test file share. */
export const fileCache = ownCache();
