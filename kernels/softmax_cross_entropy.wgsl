// Per example: softmax, −log p(label), 1 where the first maximum is the label.
// One invocation per example.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, classes: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> prob: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> hit: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let start = i * p.classes;
  var best = 0u;
  for (var c = 1u; c < p.classes; c++) {
    if (logits[start + c] > logits[start + best]) { best = c; }
  }
  let top = logits[start + best];
  var sum = 0.0;
  for (var c = 0u; c < p.classes; c++) {
    let e = exp(logits[start + c] - top);
    prob[start + c] = e;
    sum += e;
  }
  for (var c = 0u; c < p.classes; c++) { prob[start + c] /= sum; }
  loss[i] = log(sum) + top - logits[start + labels[i]];
  hit[i] = f32(best == labels[i]);
}
