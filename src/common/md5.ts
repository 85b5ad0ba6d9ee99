/** MD5 (RFC 1321) of texts: NAS-Bench-101 names its cells by it. Not for security. */

const constants = Int32Array.from(
  { length: 64 },
  (_, i) => (Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0,
);
/** Word of a block that each step takes, and the bits that it rotates by. */
const words = Uint8Array.from(
  { length: 64 },
  (_, i) => [i, 5 * i + 1, 3 * i + 5, 7 * i][i >> 4] % 16,
);
const rotations = Uint8Array.from(
  { length: 64 },
  (_, i) => [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]][i >> 4][i % 4],
);
const initial = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);

const encoder = new TextEncoder();
/** Scratch memory, reused: texts are short, and there are millions of them. */
let bytes = new Uint8Array(256);
const state = new Int32Array(4);

/** The digest as 32 hexadecimal digits. */
export function md5(text: string): string {
  // A UTF-16 unit takes at most three bytes.
  const most = Math.ceil((3 * text.length + 9) / 64) * 64;
  if (bytes.length < most) bytes = new Uint8Array(most);
  const { written } = encoder.encodeInto(text, bytes);
  const end = Math.ceil((written + 9) / 64) * 64;
  bytes.fill(0, written, end);
  bytes[written] = 0x80;
  const data = new DataView(bytes.buffer);
  data.setBigUint64(end - 8, BigInt(written) * 8n, true);
  state.set(initial);
  for (let at = 0; at < end; at += 64) addBlock(data, at);
  const out = new DataView(new ArrayBuffer(16));
  for (let i = 0; i < 4; i++) out.setInt32(4 * i, state[i], true);
  return new Uint8Array(out.buffer).toHex();
}

function addBlock(data: DataView, at: number): void {
  let [a, b, c, d] = state;
  for (let i = 0; i < 64; i++) {
    let mixed: number;
    if (i < 16) mixed = (b & c) | (~b & d);
    else if (i < 32) mixed = (d & b) | (~d & c);
    else if (i < 48) mixed = b ^ c ^ d;
    else mixed = c ^ (b | ~d);
    const x = (a + mixed + constants[i] + data.getInt32(at + 4 * words[i], true)) | 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((x << rotations[i]) | (x >>> (32 - rotations[i])))) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}
