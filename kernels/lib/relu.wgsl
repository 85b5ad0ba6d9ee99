// max(v, 0) where `on`, else v, of values of type V. Not max(), which may turn NaN into a number: NaN passes.
fn relu_in(v: V, on: bool) -> V {
  let least = select(V(-3.4028234e38), V(0.0), on);
  return select(v, least, v < least);
}
