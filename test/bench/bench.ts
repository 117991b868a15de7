/**
 * `bun run bench small|medium|large [--smoke]`: runs the benchmarks of that size one after the other, each in a
 * process of its own, and fails if one of them does: each checks its own result. With `--smoke` only at its smallest,
 * to see that it still runs.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { suiteNamed } from "./suites.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: "boolean", default: false } },
});

const failed: string[] = [];
for (const { name, script, args, smokeArgs } of suiteNamed(positionals[0])) {
  // Without a smaller size of its own, what it takes is short enough.
  const chosen = values.smoke ? (smokeArgs ?? args) : args;
  console.log(`== ${name}`);
  const { exitCode } = Bun.spawnSync([process.execPath, join(import.meta.dir, script), ...chosen], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (exitCode !== 0) failed.push(name);
}
for (const name of failed) console.error(`FAILED: ${name}`);
process.exitCode = failed.length === 0 ? 0 : 1;
