/** The archive of a finished retraining of a small network, as the command line leaves one. */
import { makeZip } from "../../src/common/zip.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { type ArchFile, formatArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { finalConfig } from "../../src/nas/config/final_config.ts";
import { Classifier } from "../../src/nas/train/classifier.ts";
import { buildNetwork, formatNetworkFile, type NetworkFile } from "../../src/nas/train/network.ts";
import { encodeSafetensors } from "../../src/run/safetensors.ts";

const settings = { layers: 3, filters: 4, stem: 2 };
const choice = [3, 2, 1, 4, 3, 0];
const classes = ["cats", "dogs", "mice"];
const input: [number, number, number] = [16, 16, 3];

/** @param name of the run; @param pixels of a picture as the network takes it. @returns what it says of them, too. */
export async function makeTrained(
  name: string,
  pixels: Uint8Array,
): Promise<{ archive: Blob; classes: readonly string[]; probabilities: readonly number[] }> {
  const arch: ArchFile = {
    ...{ format: "denas-arch", version: 2, space: "nasbench201", settings, choice, input },
    ...{ classes: classes.length, data: "pets" },
  } as ArchFile;
  const config = finalConfig(arch, { preset: "smoke", given: { data: "pets" } });
  const network: NetworkFile = {
    ...{
      format: "denas-network",
      version: 2,
      space: config.space,
      form: config.form,
      choice,
      input,
    },
    ...{ classes, task: "single-label", mean: [0.5, 0.5, 0.5], deviation: [0.2, 0.2, 0.2] },
    data: "pets",
  };
  const gpu = await Gpu.open();
  try {
    const { weights } = buildNetwork(network);
    weights.materialise(gpu, 1);
    const tensors = await weights.tensors();
    const classifier = new Classifier(gpu, network, tensors);
    const now = new Date().toISOString();
    const state = {
      ...{ status: "done", command: "retrain", pid: 0, deno: "2", started: now, updated: now },
      ...{ step: 1, epoch: 1 },
    };
    const text = new TextEncoder();
    const files: [string, Uint8Array<ArrayBuffer>][] = [
      ["state.json", text.encode(JSON.stringify(state))],
      ["config.json", text.encode(JSON.stringify(config))],
      ["arch.json", text.encode(formatArchFile(arch))],
      ["network.json", text.encode(formatNetworkFile(network))],
      ["weights.safetensors", encodeSafetensors(tensors) as Uint8Array<ArrayBuffer>],
    ];
    return {
      archive: makeZip(files.map(([file, bytes]) => [`${name}/${file}`, bytes])),
      classes,
      probabilities: [...await classifier.probabilities(pixels, 1)],
    };
  } finally {
    gpu.close();
  }
}
