/** A folder for one test, gone when the test is over. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** The path of something in it. */
  file(...names: readonly string[]): string;
  /** The names of all files in and below it, in the order of their names. */
  names(): Promise<string[]>;
  /** The text of each file, by name; that of names in `.gz` uncompressed. */
  texts(): Promise<Record<string, string>>;
}

export async function tempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), "spout-files-"));
  const names = async () => {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
      .sort();
  };
  return {
    path,
    file: (...parts) => join(path, ...parts),
    names,
    async texts() {
      const texts: Record<string, string> = {};
      for (const name of await names()) {
        const bytes = await readFile(join(path, name));
        texts[name] = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
      }
      return texts;
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}
