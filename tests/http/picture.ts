/** Makes the picture in the README: `deno run -A tests/http/picture.ts RUN docs/img/page.png`. */
import { basename, dirname, resolve } from "@std/path";
import { Browsing } from "./browser.ts";
import { serve } from "./serving.ts";

const [run, out, colorScheme = "light"] = Deno.args;
await using served = await serve({ runs: dirname(resolve(Deno.cwd(), run)) });
const browsing = new Browsing();
{
  await using opened = await browsing.open({
    viewport: { width: 1280, height: 1000 },
    colorScheme: colorScheme as "light" | "dark",
  });
  const { page } = opened;
  await page.goto(`${served.server.url}#/runs/${basename(resolve(Deno.cwd(), run))}`);
  await page.locator(".network-panel svg").nth(1).waitFor();
  await page.locator(".score-panel canvas").waitFor();
  await page.screenshot({ path: out });
}
await browsing.close();
