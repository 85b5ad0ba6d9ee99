/** Sizes of a search for devices of several speeds. */
import { assertEquals } from "@std/assert";
import { ladder, type Rung, sizeFor } from "../../src/tab/sizing.ts";

/** Speeds by preset as seconds per epoch; presets that are not listed are not measured in time. */
const at = (seconds: Record<string, number>) => (preset: string): Promise<Rung | null> =>
  Promise.resolve(preset in seconds ? { seconds: seconds[preset], images: 1000, batch: 32 } : null);

Deno.test("the largest preset with enough epochs in the time is chosen", async () => {
  assertEquals(await sizeFor(5, ladder, at({ smoke: 0.1, quick: 2, paper: 20 })), {
    preset: "paper",
    overrides: { epochs: 15 },
    seconds: 300,
  });
  assertEquals(await sizeFor(5, ladder, at({ smoke: 1, quick: 30, paper: 600 })), {
    preset: "quick",
    overrides: { epochs: 10 },
    seconds: 300,
  });
  // The minute was over before the next larger one was measured.
  assertEquals(await sizeFor(5, ladder, at({ smoke: 1 })), {
    preset: "smoke",
    overrides: { epochs: 150 },
    seconds: 150,
  });
});

Deno.test("a slow device searches on fewer images, and one that measured nothing says so", async () => {
  assertEquals(await sizeFor(1, ladder, at({ smoke: 100, quick: 1 })), {
    preset: "smoke",
    overrides: { epochs: 6, trainImages: 96 },
    seconds: 57.6,
  });
  assertEquals(await sizeFor(1, ["smoke"], at({ smoke: 1e6 })), {
    preset: "smoke",
    overrides: { epochs: 6, trainImages: 32 },
    seconds: 192000,
  });
  assertEquals(await sizeFor(1, ladder, at({})), {
    preset: "smoke",
    overrides: {},
    seconds: null,
  });
});
