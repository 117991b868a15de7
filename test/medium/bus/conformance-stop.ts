/** What every bus promises about draining and closing. */
import { expect } from "bun:test";

import { BusClosed } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import { bytes, collect, lenient, type Promises, text } from "./conformance-tools.ts";

export const stopPromises: Promises = {
  "is ready once its subscriptions stand, refuses nothing that is allowed, and is not ready once closed":
    async ({ open, newSubject }) => {
      const subject = newSubject();
      const bus = open();
      const received = await collect(bus, subject);
      expect(bus.isReady()).toBe(true);
      await bus.publish(subject, bytes("a"), 1);
      await eventually("the delivery", () => received.length === 1);
      expect([bus.isRefused(subject), bus.refusedLines(), bus.isReady()]).toEqual([false, 0, true]);
      await bus.close(1000);
      expect(bus.isReady()).toBe(false);
    },

  async "drains a subscription: all that was accepted is handled, nothing after"({
    open,
    newSubject,
  }) {
    const subject = newSubject();
    const handled: string[] = [];
    const dropped: string[] = [];
    const publisher = open();
    const marks = await collect(open(), `${subject}.mark`);
    const subscription = await open().subscribe(subject, {
      ...lenient,
      async onDelivery({ payload }) {
        await Bun.sleep(1);
        handled.push(text(payload));
      },
      onDropped: (payload) => void dropped.push(text(payload)),
    });
    for (let index = 0; index < 50; index++) await publisher.publish(subject, bytes(`${index}`));
    await eventually("the first one handled", () => handled.length > 0);
    await publisher.publish(`${subject}.mark`, bytes("x"));
    await eventually("all to be at the bus", () => marks.length > 0);
    await subscription.drain();
    const atDrain = [...handled];
    await publisher.publish(subject, bytes("late"));
    await publisher.publish(`${subject}.mark`, bytes("y"));
    await eventually("the late one to be at the bus", () => marks.length > 1);
    await subscription.drain();
    expect(atDrain).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
    expect({ handled, dropped }).toEqual({ handled: atDrain, dropped: [] });
  },

  async "closes only when what was published has reached the bus"({ open, newSubject }) {
    const subject = newSubject();
    const lost: number[] = [];
    const received = await collect(open(), subject);
    const publisher = open({ onLost: (_, lines) => void lost.push(lines) });
    const sent = Array.from({ length: 500 }, (_, index) => `m${index}\n`);
    for (const text of sent) void publisher.publish(subject, bytes(text));
    await publisher.close(10_000);
    await eventually("all deliveries", () => received.length >= sent.length);
    expect(received.map(text)).toEqual(sent);
    expect(lost).toEqual([]);
  },

  async "closes only when what its subscriptions had accepted is handled"({ open, newSubject }) {
    const subject = newSubject();
    const handled: string[] = [];
    const bus = open();
    const publisher = open();
    await bus.subscribe(subject, {
      ...lenient,
      async onDelivery({ payload }) {
        await Bun.sleep(1);
        handled.push(text(payload));
      },
    });
    for (let index = 0; index < 50; index++) await publisher.publish(subject, bytes(`${index}`));
    await publisher.close(10_000);
    await bus.close(10_000);
    expect(handled).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
  },

  async "gives up at the deadline and counts the deliveries that nobody handled"({
    open,
    newSubject,
  }) {
    const subject = newSubject();
    const dropped: string[] = [];
    const bus = open();
    let calls = 0;
    const subscription = await bus.subscribe(subject, {
      ...lenient,
      onDelivery: () => (calls++, new Promise(() => {})),
      onDropped: (payload) => void dropped.push(text(payload)),
    });
    for (const name of ["a", "b", "c"]) await bus.publish(subject, bytes(name));
    await eventually("two to wait", () => subscription.pendingBytes() === 2);
    await bus.close(50);
    expect({ calls, dropped, state: bus.state() }).toEqual({
      calls: 1,
      dropped: ["b", "c"],
      state: "closed",
    });
  },

  async "refuses to publish and subscribe after close, which may be called again"({
    open,
    newSubject,
  }) {
    const bus = open();
    expect(bus.whenRoom(1)).toBeUndefined();
    await bus.close(10_000);
    await bus.close(10_000);
    expect(bus.whenRoom(1)).toBeInstanceOf(Promise);
    const refusal = await bus.publish(newSubject(), bytes("x")).catch((error) => error);
    const refusal2 = await bus.subscribe(newSubject(), lenient).catch((error) => error);
    expect([refusal, refusal2].map((error) => error instanceof BusClosed)).toEqual([true, true]);
    expect({ state: bus.state(), hasRoom: bus.hasRoom() }).toEqual({
      state: "closed",
      hasRoom: false,
    });
  },
};
