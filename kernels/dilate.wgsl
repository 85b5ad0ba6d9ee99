// y [n, (h − 1) s + 1, (w − 1) s + 1, c]: the pixels of x [n, h, w, c] s apart, zeros between them. One
// invocation per element of y.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, h: u32, w: u32, c: u32, s: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let rows = (p.h - 1u) * p.s + 1u;
  let columns = (p.w - 1u) * p.s + 1u;
  let at = i / p.c;
  let column = at % columns;
  let row = at / columns % rows;
  let image = at / columns / rows;
  var v = 0.0;
  if (row % p.s == 0u && column % p.s == 0u) {
    v = x[((image * p.h + row / p.s) * p.w + column / p.s) * p.c + i % p.c];
  }
  y[i] = v;
}
