// Second half of many reductions at once: y = sum of the splits, or y += that sum, in a fixed order.
// One invocation per V of all results; a table assigns them to reductions. All numbers count elements V.
// No tile: every partial sum is read once.
// One dispatch for all reductions of a backward pass, which would each be too small for a device.
//#include lib/index.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P { count: u32, n: u32, jobs_at: u32 }
// Rows of (results of the previous rows, first partial sum, n, splits, first element of y, add).
@group(0) @binding(0) var<storage, read> jobs: array<u32>;
@group(0) @binding(1) var<storage, read> sums: array<V>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var job = 0u;
  for (var end = p.count; end - job > 1u;) {
    let middle = (job + end) / 2u;
    if (jobs[p.jobs_at + middle * 6u] <= i) { job = middle; } else { end = middle; }
  }
  let row = p.jobs_at + job * 6u;
  let k = i - jobs[row];
  let n = jobs[row + 2u];
  let splits = jobs[row + 3u];
  // Four sums of every fourth split, so that loads need not wait for each other.
  var four = array<V, 4>();
  var at = jobs[row + 1u] + k;
  var s = 0u;
  for (; s + 4u <= splits; s += 4u) {
    //#unroll i 4
    four[$i] += sums[at + $i * n];
    //#end
    at += 4u * n;
  }
  var total = (four[0] + four[1]) + (four[2] + four[3]);
  for (; s < splits; s++) {
    total += sums[at];
    at += n;
  }
  let to = jobs[row + 4u] + k;
  if (jobs[row + 5u] != 0u) { total += y[to]; }
  y[to] = total;
}
