// Computes y = x: the memory ceiling of a device.
// One thread per four consecutive vec4, the variant that copied fastest.
struct P { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: P;
override SIZE = 64;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x * 4u;
  if (i >= p.n) { return; }
  y[i] = x[i];
  y[i + 1u] = x[i + 1u];
  y[i + 2u] = x[i + 2u];
  y[i + 3u] = x[i + 3u];
}
