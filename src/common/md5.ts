/** MD5 (RFC 1321) of texts: NAS-Bench-101 names its cells by it. It protects nothing. */

const constants = Int32Array.from(
  { length: 64 },
  (_, i) => (Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0,
);
/** Bits of rotation, four for each round. */
const rotations = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const initial = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);

/** The digest as 32 hexadecimal digits. */
export function md5(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const padded = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
  new Uint8Array(padded.buffer).set(bytes);
  padded.setUint8(bytes.length, 0x80);
  padded.setBigUint64(padded.byteLength - 8, BigInt(bytes.length) * 8n, true);
  const state = initial.slice();
  for (let at = 0; at < padded.byteLength; at += 64) addBlock(state, padded, at);
  const out = new DataView(new ArrayBuffer(16));
  state.forEach((v, i) => out.setInt32(4 * i, v, true));
  return new Uint8Array(out.buffer).toHex();
}

function addBlock(state: Int32Array, data: DataView, at: number): void {
  let [a, b, c, d] = state;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    let mixed: number, k: number;
    if (round === 0) [mixed, k] = [(b & c) | (~b & d), i];
    else if (round === 1) [mixed, k] = [(d & b) | (~d & c), (5 * i + 1) % 16];
    else if (round === 2) [mixed, k] = [b ^ c ^ d, (3 * i + 5) % 16];
    else [mixed, k] = [c ^ (b | ~d), (7 * i) % 16];
    const x = (a + mixed + constants[i] + data.getInt32(at + 4 * k, true)) | 0;
    const s = rotations[4 * round + (i % 4)];
    a = d;
    d = c;
    c = b;
    b = (b + ((x << s) | (x >>> (32 - s)))) | 0;
  }
  [a, b, c, d].forEach((v, i) => state[i] += v);
}
