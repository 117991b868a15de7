/** A writer whose subjects overlap, before a real server: each line is written once, with and without a queue group. */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { startRecordingBackend } from "../../support/recording-backend.ts";
import { openTestBus, startTestWriter } from "./rig.ts";

const SUBJECTS = ["a.*", "*.b", "c.d", "c.>"];
const MESSAGES = 300;

for (const queueGroup of ["", "writers"]) {
  const title = queueGroup === "" ? "without a queue group" : "in a queue group";
  test(`${title}, what comes on overlapping subjects is written once`, async () => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using bus = await openTestBus(nats);
    const batch = { countMax: 10, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };
    const writer = await startTestWriter(nats, backend.port, {
      subjects: SUBJECTS,
      queueGroup,
      batch,
    });
    const expected: string[] = [];
    for (let i = 0; i < MESSAGES; i++) {
      for (const subject of ["a.b", "a.x", "x.b", "c.d", "c.b"]) {
        expected.push(`cpu,of=${subject} v=${i}`);
        await bus.publish(subject, `cpu,of=${subject} v=${i}\n`);
      }
    }
    await eventually("all is received", () => bus.stats()["received"] === expected.length);
    expect(await writer.stop()).toEqual({ lostLines: 0 });
    expect(backend.lines().sort()).toEqual(expected.sort());
    await eventually("the last metrics", () => bus.stats()["written_lines"] === expected.length);
    expect(bus.stats()).toMatchObject({ received_lines: expected.length, nats_dropped: 0 });
  });
}
