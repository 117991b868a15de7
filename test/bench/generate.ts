/** Runs a generator in a process of its own. */
import { join } from "node:path";

export interface Generated {
  readonly sent: number;
  readonly seconds: number;
}

export async function generate(
  script: "udp-generator.ts" | "nats-generator.ts" | "http-generator.ts",
  args: readonly (string | number)[],
): Promise<Generated> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, script), ...args.map(String)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${script} failed`);
  return JSON.parse(text) as Generated;
}

/** What a generator sends in `seconds`, before anything is measured: nothing for 0. */
export async function warmUp(
  seconds: number,
  load: (seconds: number) => Promise<Generated>,
): Promise<number> {
  return seconds === 0 ? 0 : (await load(seconds)).sent;
}
