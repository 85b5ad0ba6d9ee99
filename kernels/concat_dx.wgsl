// Columns of x from `start` on, cut into up to four tensors, or added to them.
// One invocation per column and run of rows.
// No tile: every element is copied once.
// Several rows per invocation: one division for all of them.
//#include lib/index.wgsl
//#include lib/part.wgsl
override SIZE: u32 = 64u;

alias T = f32;

struct P {
  rows: u32, run: u32, start: u32, width: u32, columns: u32, columns0: u32, columns1: u32, columns2: u32,
  skip0: u32, skip1: u32, skip2: u32, skip3: u32, add0: u32, add1: u32, add2: u32, add3: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> part0: array<T>;
@group(0) @binding(2) var<storage, read_write> part1: array<T>;
@group(0) @binding(3) var<storage, read_write> part2: array<T>;
@group(0) @binding(4) var<storage, read_write> part3: array<T>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let first = i / p.columns * p.run;
  let last = min(first + p.run, p.rows);
  let part = part_of(i % p.columns);
  var at = first * p.width + p.start + i % p.columns;
  //#unroll k 4
  if (part.index == $ku && p.skip$k == 0u) {
    var to = first * part.columns + part.column;
    for (var row = first; row < last; row++) {
      var v = x[at];
      if (p.add$k != 0u) { v += part$k[to]; }
      part$k[to] = v;
      at += p.width;
      to += part.columns;
    }
  }
  //#end
}
