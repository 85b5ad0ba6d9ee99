// A function of one or two tensors, element by element; follows the function `value`. One invocation per four
// elements of type T: an invocation costs software adapters as much as several elements.
override SIZE: u32 = 64u;
// Number of the function.
const F: u32 = 0u;
// Whether T has four components.
const WIDE = false;

//#if WIDE
alias T = vec4f;
fn each(a: T, b: T, beta: T) -> T {
  return vec4f(
    value(a.x, b.x, beta.x),
    value(a.y, b.y, beta.y),
    value(a.z, b.z, beta.z),
    value(a.w, b.w, beta.w),
  );
}
//#else
alias T = f32;
fn each(a: T, b: T, beta: T) -> T { return value(a, b, beta); }
//#end

// beta has one element per column; n and columns count elements of type T.
struct P { n: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> a: array<T>;
@group(0) @binding(1) var<storage, read> b: array<T>;
@group(0) @binding(2) var<storage, read> beta: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = thread(id, groups, SIZE) * 4u;
  for (var i = first; i < min(first + 4u, p.n); i++) {
    y[i] = each(a[i], b[i], beta[i % p.columns]);
  }
}
