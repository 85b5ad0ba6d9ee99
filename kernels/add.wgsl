// y = a + b.
// One invocation per four elements of type T.
// No tile: every element is read once.
// Four elements per invocation: an invocation costs software adapters as much as several elements.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

alias T = f32;

struct P { n: u32, a_at: u32, b_at: u32 }
@group(0) @binding(0) var<storage, read> a: array<T>;
@group(0) @binding(1) var<storage, read> b: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE) * 4u;
  //#unroll k 4
  if (i + $ku < p.n) { y[i + $ku] = a[p.a_at + i + $ku] + b[p.b_at + i + $ku]; }
  //#end
}
