/** Requests to the decoder of pictures, and its replies. */

export interface WantedPicture {
  /** Pixels of a picture's shorter side once it is resized. */
  resize: number;
  /** Side of the square that is cut from its centre; null: the whole picture, at most 4 times as long as wide. */
  side: number | null;
}

/** An upright picture. */
export interface SmallPicture {
  w: number;
  h: number;
  /** h · w · 3 bytes: red, green, blue. */
  rgb: Uint8Array<ArrayBuffer>;
}

/** The decoder with its version, and the version of the resizing that follows. */
export const decoderName = "magick-wasm 0.0.43, area averaging 1";

export interface PictureRequest {
  bytes: Uint8Array;
  wanted: WantedPicture;
}

/** `broken` where the decoder's memory can be trusted no longer. */
export type PictureReply =
  | { ready: true }
  | { picture: SmallPicture }
  | { reason: string; broken: boolean };
