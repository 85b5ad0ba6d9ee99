/** Settings of Linux drivers that the engine takes from the environment only. Those that are there stay. */

/**
 * Fewest threads of Mesa's software Vulkan. It gives each thread an equal run of a dispatch's work-groups: with one
 * thread for each of two cores, one core waits whenever the other begins late. Of shorter runs, a free core takes the next.
 */
const LEAST_THREADS = 4;

/** Asked before the first adapter is; does nothing without the permission to write these variables. */
export function setDrivers(): void {
  if (Deno.build.os !== "linux") return;
  const settings = {
    // The engine would also load EGL to look for an OpenGL adapter, whose exit handler sometimes aborts the process.
    DENO_WEBGPU_BACKEND: "vulkan",
    LP_NUM_THREADS: String(Math.max(LEAST_THREADS, navigator.hardwareConcurrency)),
  };
  for (const [variable, value] of Object.entries(settings)) {
    if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") continue;
    // deno-lint-ignore denas/no-ambient -- the engine can be told in no other way
    if (!Deno.env.has(variable)) Deno.env.set(variable, value);
  }
}
