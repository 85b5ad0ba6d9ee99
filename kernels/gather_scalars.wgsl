// Copies the first `n` of seven single elements side by side, as bits of any type.
// One invocation.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
struct P {
  n: u32, y_at: u32, a_at: u32, b_at: u32, c_at: u32, d_at: u32, e_at: u32, f_at: u32, g_at: u32,
}
@group(0) @binding(0) var<storage, read> a: array<u32>;
@group(0) @binding(1) var<storage, read> b: array<u32>;
@group(0) @binding(2) var<storage, read> c: array<u32>;
@group(0) @binding(3) var<storage, read> d: array<u32>;
@group(0) @binding(4) var<storage, read> e: array<u32>;
@group(0) @binding(5) var<storage, read> f: array<u32>;
@group(0) @binding(6) var<storage, read> g: array<u32>;
@group(0) @binding(7) var<storage, read_write> y: array<u32>;
@group(0) @binding(8) var<uniform> p: P;

@compute @workgroup_size(1)
fn main() {
  var all = array(
    a[p.a_at], b[p.b_at], c[p.c_at], d[p.d_at], e[p.e_at], f[p.f_at], g[p.g_at],
  );
  for (var i = 0u; i < p.n; i++) { y[p.y_at + i] = all[i]; }
}
