// Samples from softmax(logits) by inverting the distribution function, one random number per row.
// One invocation per row.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
//#include lib/random.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, options: u32, seed: u32, stream: u32, step: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> index: array<u32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let start = i * p.options;
  var top = logits[start];
  for (var k = 1u; k < p.options; k++) { top = max(top, logits[start + k]); }
  var sum = 0.0;
  for (var k = 0u; k < p.options; k++) { sum += exp(logits[start + k] - top); }
  let level = uniform01(p.seed, p.stream, p.step, i) * sum;
  var below = 0.0;
  var chosen = 0u;
  for (var k = 0u; k < p.options; k++) {
    let q = exp(logits[start + k] - top);
    // Rounding may leave the level above the last sum: then the last possible option is chosen.
    if (q > 0.0) { chosen = k; }
    below += q;
    if (level < below) { break; }
  }
  index[i] = chosen;
}
