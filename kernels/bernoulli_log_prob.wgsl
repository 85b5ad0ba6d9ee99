// Per row: Σ log p(bit), Σ entropy and Σ p · (−log p) of the bits, p(1) = σ(2q).
// One invocation per row.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read_write> log_p: array<f32>;
@group(0) @binding(3) var<storage, read_write> entropy: array<f32>;
@group(0) @binding(4) var<storage, read_write> sampled: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var sum = 0.0;
  var all = 0.0;
  var drawn = 0.0;
  for (var j = i * p.columns; j < (i + 1u) * p.columns; j++) {
    let l = log_sigmoid(select(-2.0, 2.0, bits[j] != 0u) * q[j]);
    let other = log_sigmoid(select(2.0, -2.0, bits[j] != 0u) * q[j]);
    sum += l;
    drawn -= exp(l) * l;
    all -= exp(l) * l + exp(other) * other;
  }
  log_p[i] = sum;
  entropy[i] = all;
  sampled[i] = drawn;
}
