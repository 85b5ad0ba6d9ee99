// The gradients of batch norm once the sums over all pixels are known. A kernel that includes this has
// lib/batch_norm_sums.wgsl, dx, grad and other, and in p how and where they are written.

// Of gamma (to grad) and of beta (to grad, or other where they do not share a buffer), where they are wanted: by
// one invocation per channel group.
fn write_weights(all: Sums, ch: u32) {
  let dgamma = vec4f(all.dot);
  let dbeta = vec4f(all.dy);
  let gamma_to = p.gamma_to + ch * LANES;
  let beta_to = p.beta_to + ch * LANES;
  //#unroll k LANES
  if (p.write_gamma != 0u) {
    grad[gamma_to + $ku] = select(0.0, grad[gamma_to + $ku], p.add_gamma != 0u) + dgamma[$k];
  }
  if (p.write_beta != 0u && p.one_buffer != 0u) {
    grad[beta_to + $ku] = select(0.0, grad[beta_to + $ku], p.add_beta != 0u) + dbeta[$k];
  }
  if (p.write_beta != 0u && p.one_buffer == 0u) {
    other[beta_to + $ku] = select(0.0, other[beta_to + $ku], p.add_beta != 0u) + dbeta[$k];
  }
  //#end
}

// Of every `by`-th pixel from `first` up to `last`; constant statistics leave out the terms of the sums.
fn write_dx(its: Channel, all: Sums, ch: u32, first: u32, last: u32) {
  let weight = select(1.0 / f32(p.pixels), 0.0, p.constant_stats != 0u);
  let offset = all.dy * weight;
  let slope = all.dot * its.inverse * weight;
  let by = SIZE / p.groups;
  let step = by * p.c;
  var at = first * p.c + ch;
  var q = first;
  for (; q + 3u * by < last; q += 4u * by) {
    //#unroll u 4
    let d$u = x[at + $uu * step] - its.mean;
    let g$u = select(V(0.0), dy[at + $uu * step], d$u * its.scale + its.shift > its.least);
    var v$u = its.scale * (g$u - offset - d$u * slope);
    if (p.add != 0u) { v$u += dx[at + $uu * step]; }
    dx[at + $uu * step] = v$u;
    //#end
    at += 4u * step;
  }
  for (; q < last; q += by) {
    let d = x[at] - its.mean;
    let g = select(V(0.0), dy[at], d * its.scale + its.shift > its.least);
    var v = its.scale * (g - offset - d * slope);
    if (p.add != 0u) { v += dx[at]; }
    dx[at] = v;
    at += step;
  }
}
