/**
 * A filter in a process of its own, at the NATS server that the first argument names, with as many threads as the
 * second says. A message on the subject "die" ends one of them. Prints a line whenever it is ready and whenever it no
 * longer is.
 */
import { eventually } from "../../support/eventually.ts";
import { filterConfigAt, startTestFilter } from "./harness.ts";

const [, , address = "", workers] = process.argv;
const workerUrl = new URL("./dying-worker-fixture.ts", import.meta.url);
const config = filterConfigAt(address, { workers: Number(workers) });
const { running } = await startTestFilter(config, { workerUrl });
for (;;) {
  console.log("ready");
  await eventually("not ready", () => !running.ready(), 3_600_000);
  console.log("not so");
  await eventually("ready again", () => running.ready());
}
