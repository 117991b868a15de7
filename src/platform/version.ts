/** Which program this is. `build.ts` compiles the constants in; from source they are what package.json says. */
import packageJson from "../../package.json" with { type: "json" };

declare const BUILD_REVISION: string | undefined;
declare const BUILD_DATE: string | undefined;

export const PROGRAM = "influx-spout";
export const VERSION: string = packageJson.version;
/** Git revision, `-dirty` behind it if the tree was not clean. */
export const REVISION: string = typeof BUILD_REVISION === "undefined" ? "source" : BUILD_REVISION;
/** ISO 8601, to the second. */
export const BUILT_ON: string = typeof BUILD_DATE === "undefined" ? "not built" : BUILD_DATE;

/** One line for `--version` and the log. */
export function describeVersion(): string {
  return `${PROGRAM} version ${VERSION} (${REVISION}), built on ${BUILT_ON}, Bun ${Bun.version}`;
}
