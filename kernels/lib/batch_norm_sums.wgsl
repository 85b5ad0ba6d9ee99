// Sums over pixels of dy and of dy times the normalised x, for the gradients of batch norm. A kernel that
// includes this has x, dy, the forward pass's stats, c and relu in p, and work-groups of SIZE: p.groups
// neighbouring channel groups times a power of two of pixels. The last work-group may have fewer groups:
// results of invocations beyond them are not written.
struct Sums { dy: V, dot: V }

// Values common to all pixels of a channel group: y = (x - mean) * scale + shift.
struct Channel { mean: V, inverse: V, scale: V, shift: V, least: V }

fn channel(ch: u32) -> Channel {
  // Without ReLU every value is above the least: no branch is needed.
  let least = select(V(-3.4028234e38), V(0.0), p.relu != 0u);
  return Channel(stats[ch], stats[p.c + ch], stats[2u * p.c + ch], stats[3u * p.c + ch], least);
}

// Sums over every `by`-th pixel from `first` up to `last`.
fn sums_of(its: Channel, ch: u32, first: u32, last: u32) -> Sums {
  let by = SIZE / p.groups;
  let step = by * p.c;
  var sum = V(0.0);
  var dot = V(0.0);
  var at = first * p.c + ch;
  for (var q = first; q < last; q += 4u * by) {
    //#unroll u 4
    let inside$u = q + $uu * by < last;
    let d$u = select(V(0.0), x[at + $uu * step] - its.mean, inside$u);
    let above$u = select(V(0.0), dy[at + $uu * step], d$u * its.scale + its.shift > its.least);
    let g$u = select(V(0.0), above$u, inside$u);
    //#end
    sum += (g0 + g1) + (g2 + g3);
    dot += (g0 * d0 + g1 * d1) + (g2 * d2 + g3 * d3);
    at += 4u * step;
  }
  return Sums(sum, dot * its.inverse);
}

var<workgroup> shares: array<Sums, SIZE>;

// Sums over all pixels of the work-group, per channel group; all its invocations must call it.
fn group_sums(mine: Sums, local: u32) -> Sums {
  shares[local] = mine;
  for (var half = SIZE / 2u; half >= p.groups; half /= 2u) {
    workgroupBarrier();
    if (local < half) {
      let b = shares[local + half];
      shares[local] = Sums(shares[local].dy + b.dy, shares[local].dot + b.dot);
    }
  }
  workgroupBarrier();
  return shares[local % p.groups];
}
