/** Videos, where ffmpeg is installed. */
import { DataError } from "../common/errors.ts";

/**
 * Joins numbered pictures to an MP4 that browsers and players accept.
 * @param pictures ffmpeg's pattern of their names, such as `frame_%04d.png`, numbered from 1.
 * @returns false when ffmpeg is not installed.
 * @throws DataError with ffmpeg's last output when it fails.
 */
export async function makeVideo(
  pictures: string,
  perSecond: number,
  video: string,
): Promise<boolean> {
  const command = new Deno.Command("ffmpeg", {
    args: [
      ...["-y", "-loglevel", "error", "-framerate", String(perSecond), "-start_number", "1"],
      ...["-i", pictures, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-r", "25"],
      // The codec takes even sizes only; the last picture stays for two seconds.
      ...["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white,tpad=stop_mode=clone:stop_duration=2"],
      video,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  let output: Deno.CommandOutput;
  try {
    output = await command.output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  if (output.success) return true;
  const words = new TextDecoder().decode(output.stderr).trim().split("\n").at(-1);
  throw new DataError(`Cannot write ${video}: ffmpeg says "${words}"; the pictures are there`);
}
