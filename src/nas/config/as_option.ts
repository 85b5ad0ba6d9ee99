/** Marks settings that are also command-line options. */

/**
 * Metadata for `.meta()` of a setting that is also an option of `search`.
 * @param description of the option, for `--help`.
 * @param names another `option` name than the setting's; `isFile`: the value is a path from the user's folder, or
 * the contents of a JSON file there.
 */
export const asOption = (
  description: string,
  names: { option?: string; isFile?: boolean | "contents" } = {},
) => ({
  option: true,
  ...names,
  description,
});
