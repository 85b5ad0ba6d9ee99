// The gradient of such a function by one of its tensors; follows the function `slope`. One invocation per four
// elements of type T, as lib/formula.wgsl.
override SIZE: u32 = 64u;
// Number of the function.
const F: u32 = 0u;
// Whether T has four components.
const WIDE = false;

//#if WIDE
alias T = vec4f;
fn each(a: T, b: T, beta: T) -> T {
  let second = p.second != 0u;
  return vec4f(
    slope(a.x, b.x, beta.x, second),
    slope(a.y, b.y, beta.y, second),
    slope(a.z, b.z, beta.z, second),
    slope(a.w, b.w, beta.w, second),
  );
}
//#else
alias T = f32;
fn each(a: T, b: T, beta: T) -> T { return slope(a, b, beta, p.second != 0u); }
//#end

// beta has one element per column; n and columns count elements of type T. `second`:
// by the second tensor.
struct P { n: u32, columns: u32, second: u32, add: u32 }
@group(0) @binding(0) var<storage, read> a: array<T>;
@group(0) @binding(1) var<storage, read> b: array<T>;
@group(0) @binding(2) var<storage, read> beta: array<T>;
@group(0) @binding(3) var<storage, read> dy: array<T>;
@group(0) @binding(4) var<storage, read_write> dx: array<T>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = thread(id, groups, SIZE) * 4u;
  for (var i = first; i < min(first + 4u, p.n); i++) {
    var g = dy[i] * each(a[i], b[i], beta[i % p.columns]);
    if (p.add != 0u) { g += dx[i]; }
    dx[i] = g;
  }
}
