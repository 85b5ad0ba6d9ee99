/** Decodes pictures on all cores: a pool of workers. */
import { DataError } from "../common/errors.ts";
import { checkedHeader } from "./picture_header.ts";
import type {
  PictureReply,
  PictureRequest,
  SmallPicture,
  WantedPicture,
} from "./wanted_picture.ts";

/** More workers need more memory than they save time. */
const mostWorkers = 16;
/** Pixels that may be decoded at once: each takes up to 5 bytes. One picture may have all of them. */
const pixelBudget = 2 ** 28;
/** Pixels per additional worker: starting one takes longer than decoding small pictures. */
const pixelsPerWorker = 2 ** 23;
/** Pixels of a picture after which its worker is ended, since a worker's memory never shrinks. */
const retireAfter = 2 ** 26;

interface Waiting {
  pixels: number;
  start(): void;
}

export class PicturePool {
  readonly size = Math.min(navigator.hardwareConcurrency, mostWorkers);
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #waiting: Waiting[] = [];
  #ended = false;
  #running = 0;
  /** Pixels of the pictures that are being decoded, and of all so far. */
  #pixels = 0;
  #asked = 0;

  /**
   * Decodes a picture. Transfers `bytes`: the caller loses them.
   * @throws Error with the reason why they are no picture, DataError where the decoder itself fails.
   */
  async decode(bytes: Uint8Array<ArrayBuffer>, wanted: WantedPicture): Promise<SmallPicture> {
    const { w, h } = checkedHeader(bytes);
    const pixels = w * h;
    await this.#turn(pixels);
    try {
      const worker = this.#idle.pop() ?? await this.#start();
      const reply = await ask(worker, { bytes, wanted }).catch((error) => {
        this.#end(worker);
        throw error;
      });
      if (pixels > retireAfter || "broken" in reply && reply.broken) this.#end(worker);
      else this.#idle.push(worker);
      if ("picture" in reply) return reply.picture;
      throw new Error("reason" in reply ? reply.reason : "the decoder gave no answer");
    } finally {
      this.#running--;
      this.#pixels -= pixels;
      this.#admit();
    }
  }

  /** Ends all workers. */
  [Symbol.dispose](): void {
    this.#ended = true;
    for (const worker of this.#all) this.#end(worker);
  }

  /** Resolves when a worker is free and the picture's memory may be taken, first come, first served. */
  #turn(pixels: number): Promise<void> {
    this.#asked += pixels;
    return new Promise((start) => {
      this.#waiting.push({ pixels, start });
      this.#admit();
    });
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      const workers = Math.min(this.size, 1 + Math.floor(this.#asked / pixelsPerWorker));
      if (!next || this.#running >= workers || this.#pixels + next.pixels > pixelBudget) return;
      this.#waiting.shift();
      this.#running++;
      this.#pixels += next.pixels;
      next.start();
    }
  }

  async #start(): Promise<Worker> {
    // The pool may have ended while a caller was still reading a file.
    if (this.#ended) throw new DataError("Cannot decode pictures: the decoder was ended");
    const worker = new Worker(new URL("./picture_worker.ts", import.meta.url), { type: "module" });
    this.#all.add(worker);
    await answerOf(worker).catch((error) => {
      this.#end(worker);
      throw error;
    });
    return worker;
  }

  #end(worker: Worker): void {
    this.#all.delete(worker);
    worker.terminate();
  }
}

async function ask(worker: Worker, request: PictureRequest): Promise<PictureReply> {
  const answer = answerOf(worker);
  worker.postMessage(request, [request.bytes.buffer as ArrayBuffer]);
  return await answer;
}

function answerOf(worker: Worker): Promise<PictureReply> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const { message } = event;
      reject(
        new DataError(
          `Cannot decode pictures: ${message}, expected a decoder that starts; its npm package ` +
            `is fetched on the first use`,
        ),
      );
    };
  });
}
