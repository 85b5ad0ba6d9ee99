// The gradient of batch norm by its input once the sums over all pixels are known. A kernel that includes
// this has lib/batch_norm_sums.wgsl, dx, and in p pixels, constant_stats and add.

// Writes dx of every `by`-th pixel from `first` up to `last`; constant statistics omit the terms of the sums.
fn write_dx(its: Channel, all: Sums, ch: u32, first: u32, last: u32) {
  let weight = select(1.0 / f32(p.pixels), 0.0, p.constant_stats != 0u);
  let offset = all.dy * weight;
  let slope = all.dot * its.inverse * weight;
  let by = SIZE / p.groups;
  let step = by * p.c;
  var at = first * p.c + ch;
  for (var q = first; q < last; q += 2u * by) {
    //#unroll u 2
    if (q + $uu * by < last) {
      let d = x[at + $uu * step] - its.mean;
      let g = select(V(0.0), dy[at + $uu * step], d * its.scale + its.shift > its.least);
      var v = its.scale * (g - offset - d * slope);
      if (p.add != 0u) { v += dx[at + $uu * step]; }
      dx[at + $uu * step] = v;
    }
    //#end
    at += 2u * step;
  }
}
