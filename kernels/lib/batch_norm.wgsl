// y from the moments of all pixels. A kernel that includes this has lib/moments.wgsl, gamma, beta, stats and y, and
// in p their places, epsilon and relu.

// What is the same for all pixels of a channel group: y = (x - mean) * scale + shift.
struct Channel { mean: V, inverse: V, scale: V, shift: V }

fn channel_of(all: Moments, ch: u32) -> Channel {
  let inverse = 1.0 / sqrt(all.m2 / all.n + p.epsilon);
  let scale = inverse * gamma[p.gamma_at / LANES + ch];
  return Channel(all.mean, inverse, scale, beta[p.beta_at / LANES + ch]);
}

// For the gradient: by one invocation per channel group.
fn keep_channel(its: Channel, ch: u32) {
  stats[ch] = its.mean;
  stats[p.c + ch] = its.inverse;
  stats[2u * p.c + ch] = its.scale;
  stats[3u * p.c + ch] = its.shift;
}

// y of every `by`-th pixel from `first` up to `last`.
fn normalise(its: Channel, ch: u32, first: u32, last: u32) {
  // Not max(), which may turn NaN into a number.
  let least = select(V(-3.4028234e38), V(0.0), p.relu != 0u);
  let by = SIZE / p.groups;
  let step = by * p.c;
  var at = first * p.c + ch;
  var q = first;
  for (; q + 3u * by < last; q += 4u * by) {
    //#unroll u 4
    let v$u = (x[at + $uu * step] - its.mean) * its.scale + its.shift;
    y[at + $uu * step] = select(v$u, least, v$u < least);
    //#end
    at += 4u * step;
  }
  for (; q < last; q += by) {
    let v = (x[at] - its.mean) * its.scale + its.shift;
    y[at] = select(v, least, v < least);
    at += step;
  }
}
