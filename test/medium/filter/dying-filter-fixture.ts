/**
 * A filter in a process of its own, at the NATS server that the first argument names. A message on the subject "die"
 * ends one of its threads. Prints a line whenever it has become ready.
 */
import { eventually } from "../../support/eventually.ts";
import { filterConfigAt, startTestFilter } from "./harness.ts";

const [, , address = ""] = process.argv;
const workerUrl = new URL("./dying-worker-fixture.ts", import.meta.url);
const { running } = await startTestFilter(filterConfigAt(address), { workerUrl });
for (;;) {
  console.log("ready");
  await eventually("not ready", () => !running.ready(), 3_600_000);
  await eventually("ready again", () => running.ready());
}
