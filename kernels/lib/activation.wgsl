// An activation's value at every element; follows the function `value`. One invocation per four elements of type
// T: an invocation costs software adapters as much as several elements.
override SIZE: u32 = 64u;
// Whether T has four components.
const WIDE = false;

//#if WIDE
alias T = vec4f;
fn each(x: T) -> T { return vec4f(value(x.x), value(x.y), value(x.z), value(x.w)); }
//#else
alias T = f32;
fn each(x: T) -> T { return value(x); }
//#end

struct P { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = thread(id, groups, SIZE) * 4u;
  for (var i = first; i < min(first + 4u, p.n); i++) { y[i] = each(x[i]); }
}
