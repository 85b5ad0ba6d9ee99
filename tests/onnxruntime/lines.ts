/** Splits a stream of text into whole lines. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(piece, out) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop()!;
        lines.forEach((line) => out.enqueue(line));
      },
    });
  }
}
