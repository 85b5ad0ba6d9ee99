/** The browser's decoder beside that of the command line: the largest difference of a resized picture. */
import { assert, assertEquals } from "@std/assert";
import { bundleForBrowsers } from "../core/bundle.ts";
import { PicturePool } from "../../src/data/picture_pool.ts";
import { browserPath, Browsing } from "../http/browser.ts";
import { asJpeg, asPng, smooth } from "./pictures.ts";

Deno.test({
  name: "PNG files become the same images in the tab, JPEG files up to a few levels",
  ignore: browserPath === undefined,
  async fn() {
    const script = (await bundleForBrowsers("tests/tab/decode_page.ts")).get("decode_page.js")!;
    const browsing = new Browsing();
    using pool = new PicturePool();
    try {
      await using opened = await browsing.open();
      const { page } = opened;
      await page.addScriptTag({ content: script, type: "module" });
      const worst: Record<string, number> = { png: 0, jpeg: 0 };
      for (const [w, h, seed] of [[40, 30, 1], [31, 57, 2], [200, 120, 3], [900, 700, 4]]) {
        const rgb = smooth(w, h, seed);
        for (
          const [kind, bytes] of [["png", asPng(w, h, rgb)], ["jpeg", asJpeg(w, h, rgb)]] as const
        ) {
          for (const wanted of [{ resize: 16, side: 16 }, { resize: 24, side: 16 }]) {
            const there = await page.evaluate<number[]>(
              `decoded(${JSON.stringify([...bytes])}, ${wanted.resize}, ${wanted.side})`,
            );
            const here = await pool.decode(Uint8Array.from(bytes), wanted);
            assertEquals(there.length, here.rgb.length);
            const most = Math.max(...there.map((v, i) => Math.abs(v - here.rgb[i])));
            worst[kind] = Math.max(worst[kind], most);
          }
        }
      }
      assertEquals(worst.png, 0);
      assert(
        worst.jpeg <= 4,
        `JPEG files differ by up to ${worst.jpeg} of 255, expected at most 4`,
      );
      if (Deno.env.get("DENAS_FIGURES")) console.log(worst);
    } finally {
      await browsing.close();
    }
  },
});
