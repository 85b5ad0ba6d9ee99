// Count, mean and sum of squared deviations of a sample: merging is exact where |mean| is far above the
// deviation (Chan, Golub, LeVeque 1983).
struct Moments { n: f32, mean: f32, m2: f32 }

fn merge_moments(a: Moments, b: Moments) -> Moments {
  let n = max(a.n + b.n, 1.0);
  let d = b.mean - a.mean;
  return Moments(a.n + b.n, a.mean + d * (b.n / n), a.m2 + b.m2 + d * d * (a.n * b.n / n));
}
