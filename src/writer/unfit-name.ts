/** Names that subjects give and a file system cannot have: whoever publishes chooses them, and must hold up nobody else. */
import { commonFolder, holdsSubject } from "../config/file-path.ts";
import { codeOf, type FileSystem } from "./file-system.ts";

/** A folder is called so, or a file that should be one; or the name is too long, or not of this file system's characters. */
const CODES: readonly unknown[] = [
  "EISDIR",
  "ENOTDIR",
  "ENAMETOOLONG",
  "ELOOP",
  "EILSEQ",
  "EINVAL",
];

/** True if `error` is one of the name that a subject has given in `template`, and would be the same the next time. */
export async function isUnfitName(
  error: unknown,
  template: string,
  files: FileSystem,
): Promise<boolean> {
  if (!holdsSubject(template) || !CODES.includes(codeOf(error))) return false;
  // The operator's part of the path may be at fault, which is to be mended.
  const folder = await files.stat(commonFolder(template)).catch(() => undefined);
  return folder?.isDirectory() === true;
}
