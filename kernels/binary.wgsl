// The ten functions of two variables of the activation grammar, by number F: their values and derivatives. Three
// of them have a coefficient per channel, beta.
// One invocation per four neighbouring elements or vectors, or per channel and run of rows for beta, as the files
// lib/formula*.wgsl say.
// No tile: every element is read once, from memory.
// One text for all functions, chosen by a constant: software adapters spend time on every branch of a uniform.
//#include lib/math.wgsl

// Keeps div finite at 0.
const LEAST: f32 = 1e-6;

// The larger of both; NaN, which compares with nothing, where one of them is.
fn larger(x1: f32, x2: f32) -> f32 {
  return select(select(x1 + x2, x2, x1 < x2), x1, x1 >= x2);
}

// Share of the larger of both in their maximum: at a tie half each.
fn share(x1: f32, x2: f32) -> f32 {
  return select(select(0.0, 1.0, x1 > x2), 0.5, x1 == x2);
}

fn value(x1: f32, x2: f32, beta: f32) -> f32 {
  let d = x1 - x2;
  switch F {
    case 1u: { return x1 * x2; }
    case 2u: { return d; }
    case 3u: { return x1 / (x2 + LEAST); }
    case 4u: { return larger(x1, x2); }
    case 5u: { return -larger(-x1, -x2); }
    case 6u: { return sigmoid(x1) * x2; }
    case 7u: { return exp(-beta * d * d); }
    case 8u: { return exp(-beta * abs(d)); }
    case 9u: { return beta * x1 + (1.0 - beta) * x2; }
    default: { return x1 + x2; }
  }
}

// By x1, or by x2 if `second`.
fn slope(x1: f32, x2: f32, beta: f32, second: bool) -> f32 {
  let d = x1 - x2;
  let towards = select(1.0, -1.0, second);
  switch F {
    case 1u: { return select(x2, x1, second); }
    case 2u: { return towards; }
    case 3u: {
      let inverse = 1.0 / (x2 + LEAST);
      return select(inverse, -x1 * inverse * inverse, second);
    }
    case 4u: { return select(share(x1, x2), share(x2, x1), second); }
    case 5u: { return select(share(x2, x1), share(x1, x2), second); }
    case 6u: { return sigmoid(x1) * select(sigmoid(-x1) * x2, 1.0, second); }
    case 7u: { return -2.0 * towards * beta * d * exp(-beta * d * d); }
    case 8u: { return -towards * beta * sign(d) * exp(-beta * abs(d)); }
    case 9u: { return select(beta, 1.0 - beta, second); }
    default: { return 1.0; }
  }
}

fn slope_beta(x1: f32, x2: f32, beta: f32) -> f32 {
  let d = x1 - x2;
  switch F {
    case 7u: { return -d * d * exp(-beta * d * d); }
    case 8u: { return -abs(d) * exp(-beta * abs(d)); }
    default: { return d; }
  }
}
