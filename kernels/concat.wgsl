// Up to four tensors side by side: columns of y from `start` on.
// One invocation per column and run of rows.
// No tile: every element is copied once.
// Several rows per invocation: one division for all of them.
//#include lib/index.wgsl
//#include lib/part.wgsl
override SIZE: u32 = 64u;

alias T = f32;

struct P {
  rows: u32, run: u32, start: u32, width: u32, columns: u32, columns0: u32, columns1: u32, columns2: u32,
}
@group(0) @binding(0) var<storage, read> part0: array<T>;
@group(0) @binding(1) var<storage, read> part1: array<T>;
@group(0) @binding(2) var<storage, read> part2: array<T>;
@group(0) @binding(3) var<storage, read> part3: array<T>;
@group(0) @binding(4) var<storage, read_write> y: array<T>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let first = i / p.columns * p.run;
  let last = min(first + p.run, p.rows);
  let part = part_of(i % p.columns);
  var to = first * p.width + p.start + i % p.columns;
  //#unroll k 4
  if (part.index == $ku) {
    var at = first * part.columns + part.column;
    var row = first;
    for (; row + 2u <= last; row += 2u) {
      //#unroll u 2
      y[to + $uu * p.width] = part$k[at + $uu * part.columns];
      //#end
      at += 2u * part.columns;
      to += 2u * p.width;
    }
    if (row < last) { y[to] = part$k[at]; }
  }
  //#end
}
