/** In the browser: decodes a picture as the worker of the tab does. */
import { decode } from "../../src/tab/pictures.ts";

Object.assign(globalThis, {
  async decoded(bytes: number[], resize: number, side: number) {
    const { rgb } = await decode(Uint8Array.from(bytes), { resize, side });
    return [...rgb];
  },
});
