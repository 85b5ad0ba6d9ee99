// An activation's gradient at every element, from x; follows the function `slope`. One invocation per four
// elements of type T: an invocation costs software adapters as much as several elements.
override SIZE: u32 = 64u;
// Whether T has four components.
const WIDE = false;

//#if WIDE
alias T = vec4f;
fn each(x: T) -> T { return vec4f(slope(x.x), slope(x.y), slope(x.z), slope(x.w)); }
//#else
alias T = f32;
fn each(x: T) -> T { return slope(x); }
//#end

struct P { n: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = thread(id, groups, SIZE) * 4u;
  for (var i = first; i < min(first + 4u, p.n); i++) {
    var g = dy[i] * each(x[i]);
    if (p.add != 0u) { g += dx[i]; }
    dx[i] = g;
  }
}
