/** A browser aborts readings of a lost device before it tells the loss, by which runs go on. */
import { assertEquals } from "@std/assert";
import { bundleForBrowsers } from "../core/bundle.ts";
import { browserPath, Browsing } from "../http/browser.ts";

Deno.test({
  name: "a reading that is aborted throws the loss of the device",
  ignore: browserPath === undefined,
  async fn() {
    const script = (await bundleForBrowsers("tests/tab/loss_page.ts")).get("loss_page.js")!;
    const headers = { "content-type": "text/html" };
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response("<!doctype html>", { headers }),
    );
    const browsing = new Browsing(["--enable-unsafe-webgpu"]);
    try {
      await using opened = await browsing.open();
      const { page } = opened;
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      await page.addScriptTag({ content: script, type: "module" });
      assertEquals(await page.evaluate("errorOfLoss()"), "the loss");
    } finally {
      await browsing.close();
    }
  },
});
