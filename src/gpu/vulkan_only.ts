/**
 * On Linux the engine would also load EGL to look for an OpenGL adapter, and EGL's exit handler now and then
 * aborts the process. Asking for Vulkan only keeps it out; without the permission to say so nothing changes.
 */
export function vulkanOnly(): void {
  const variable = "DENO_WEBGPU_BACKEND";
  if (Deno.build.os !== "linux") return;
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return;
  // deno-lint-ignore denas/no-ambient -- the engine can be told in no other way
  if (!Deno.env.has(variable)) Deno.env.set(variable, "vulkan");
}
