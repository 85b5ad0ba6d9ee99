// y[·, y_from …] = x[·, x_from …], or += : the same columns of every row. One invocation per copied element.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

alias T = f32;

struct P { n: u32, columns: u32, x_width: u32, x_from: u32, y_width: u32, y_from: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.columns;
  let column = i % p.columns;
  var v = x[row * p.x_width + p.x_from + column];
  let to = row * p.y_width + p.y_from + column;
  if (p.add != 0u) { v += y[to]; }
  y[to] = v;
}
