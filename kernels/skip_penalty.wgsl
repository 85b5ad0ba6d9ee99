// Per row: Σ p·log(p / t) over both columns, p = σ(±gain·q), t = (1 − rho, rho).
// One invocation per row.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, columns: u32, gain: f32, rho: f32 }
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var sum = 0.0;
  for (var j = i * p.columns; j < (i + 1u) * p.columns; j++) {
    let skip = log_sigmoid(p.gain * q[j]);
    let none = log_sigmoid(-p.gain * q[j]);
    sum += exp(skip) * (skip - log(p.rho)) + exp(none) * (none - log(1.0 - p.rho));
  }
  y[i] = sum;
}
