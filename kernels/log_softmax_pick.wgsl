// Per row: softmax, log p(index), entropy, p · (−log p) of the index.
// One invocation per row.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, options: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> prob: array<f32>;
@group(0) @binding(3) var<storage, read_write> log_p: array<f32>;
@group(0) @binding(4) var<storage, read_write> entropy: array<f32>;
@group(0) @binding(5) var<storage, read_write> sampled: array<f32>;
@group(0) @binding(6) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let start = i * p.options;
  var top = logits[start];
  for (var k = 1u; k < p.options; k++) { top = max(top, logits[start + k]); }
  var sum = 0.0;
  for (var k = 0u; k < p.options; k++) { sum += exp(logits[start + k] - top); }
  let norm = top + log(sum);
  var h = 0.0;
  for (var k = 0u; k < p.options; k++) {
    let l = logits[start + k] - norm;
    let q = exp(l);
    prob[start + k] = q;
    h -= q * l;
  }
  let chosen = logits[start + index[i]] - norm;
  log_p[i] = chosen;
  entropy[i] = h;
  sampled[i] = -chosen * exp(chosen);
}
