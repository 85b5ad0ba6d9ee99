/** The picture settings of a config reach the data, and the data's properties reach the network. */
import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { decoderName } from "../../src/data/wanted_picture.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { openData } from "../../src/nas/train/data_of.ts";
import { networkOf } from "../../src/nas/train/network.ts";
import { resizeRule } from "../../src/run/metadata.ts";
import { inFolder, writePictures } from "../data/make.ts";

Deno.test("crops, sizes and the decoder of a config are those of its data", () =>
  inFolder(async (dir) => {
    await writePictures(dir, { train: 4, test: 2 }, { size: [60, 40] });
    const macro = resolveSearchConfig({ mode: "macro", preset: "codebrim" });
    const built = { space: macro.space, form: "search" } as const;
    const config = { ...macro, data: dir, image: 8, resize: 10, decoder: decoderName };
    const find = { cacheDir: join(dir, "cache") };
    const data = await openData(config, "search", { find });
    assertEquals([data.decoder, data.resize, data.notes], [decoderName, 10, []]);
    assertEquals([...data.train.sizes!.subarray(0, 2)], [10, 15]);
    const network = networkOf(built, [0], data);
    assertEquals([network.input, network.resize], [[8, 8, 3], 10]);
    assert(/resize the shorter side to 10 .*; cut 8 x 8 around/.test(resizeRule(network)));
    const augment = { ...macro.augment, crop: false };
    const plain = { ...config, augment, resize: 0, decoder: "another 1" };
    const square = await openData(plain, "search", { find });
    assertEquals([square.train.sizes, square.resize], [undefined, undefined]);
    assertEquals(networkOf(built, [0], square).resize, undefined);
    assert(/decoded by another 1; now it is magick-wasm/.test(square.notes[0]));
  }));
