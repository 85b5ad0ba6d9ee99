/** A worker that decodes pictures: bytes in, small pictures or reasons out. See picture_pool.ts. */
import { decodePicture, startDecoder } from "./picture.ts";
import type { PictureReply, PictureRequest } from "./wanted_picture.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<PictureRequest>) => void;
  postMessage(reply: PictureReply, transfer?: Transferable[]): void;
};

await startDecoder();

scope.onmessage = ({ data: { bytes, wanted } }) => {
  try {
    const picture = decodePicture(bytes, wanted);
    scope.postMessage({ picture }, [picture.rgb.buffer]);
  } catch (error) {
    const broken = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
    scope.postMessage({ reason: (error as Error).message, broken });
  }
};

scope.postMessage({ ready: true });
