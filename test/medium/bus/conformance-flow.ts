/** What every bus promises about slow handlers and limits. */
import { expect } from "bun:test";

import { PayloadTooLarge } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import { bytes, collect, lenient, type Promises, text } from "./conformance-tools.ts";

export const flowPromises: Promises = {
  async "waits for the handler's promise before the next delivery"({ open, newSubject }) {
    const subject = newSubject();
    const events: string[] = [];
    const release: (() => void)[] = [];
    const bus = open();
    await bus.subscribe(subject, {
      ...lenient,
      async onDelivery({ payload }) {
        events.push(`+${text(payload)}`);
        await new Promise<void>((resolve) => release.push(resolve));
        events.push(`-${text(payload)}`);
      },
    });
    for (const name of ["a", "b", "c"]) await bus.publish(subject, bytes(name));
    for (let count = 1; count <= 3; count++) {
      const next = await eventually("the next delivery", () => release[count - 1]);
      next();
    }
    await eventually("the end", () => events.length >= 6);
    expect(events).toEqual(["+a", "-a", "+b", "-b", "+c", "-c"]);
  },

  async "never calls a handler from inside publish"({ open, newSubject }) {
    const subject = newSubject();
    const bus = open();
    let isPublishing = false;
    const seen: boolean[] = [];
    await bus.subscribe(subject, {
      ...lenient,
      onDelivery({ payload }) {
        seen.push(isPublishing);
        if (payload.length < 5) publish(new Uint8Array(payload.length + 1));
      },
    });
    function publish(payload: Uint8Array): void {
      isPublishing = true;
      void bus.publish(subject, payload);
      isPublishing = false;
    }
    publish(new Uint8Array(1));
    await eventually("five deliveries", () => seen.length >= 5);
    expect(seen).toEqual([false, false, false, false, false]);
  },

  async "drops the newest above the pending limit, and says which"({ open, newSubject }) {
    const subject = newSubject();
    const delivered: string[] = [];
    const dropped: string[] = [];
    const release = Promise.withResolvers<void>();
    const bus = open();
    const subscription = await bus.subscribe(subject, {
      pendingMaxBytes: 50,
      async onDelivery({ payload }) {
        delivered.push(text(payload));
        await release.promise;
      },
      onDropped: (payload) => void dropped.push(text(payload)),
    });
    await bus.publish(subject, bytes("0".repeat(10)));
    await eventually("the handler to be busy", () => delivered.length === 1);
    for (const digit of "123456789") await bus.publish(subject, bytes(digit.repeat(10)));
    await eventually("the drops", () => dropped.length >= 4);
    expect(subscription.pendingBytes()).toBe(50);
    release.resolve();
    await eventually("the rest", () => delivered.length >= 6);
    expect(subscription.pendingBytes()).toBe(0);
    expect(delivered.map((payload) => payload[0])).toEqual([..."012345"]);
    expect(dropped.map((payload) => payload[0])).toEqual([..."6789"]);
  },

  async "drops at the subscriber that has no room, and at no other of the subject"({
    open,
    newSubject,
  }) {
    const subject = newSubject();
    const bus = open();
    const stuck = Promise.withResolvers<void>();
    let handled = 0;
    let dropped = 0;
    const subscription = await bus.subscribe(subject, {
      pendingMaxBytes: 30,
      onDelivery: () => (handled++, stuck.promise),
      onDropped: ({ length }) => void (dropped += length),
    });
    const others = [await collect(bus, subject), await collect(open(), subject)];
    const sent = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(10));
    for (const text of sent) await bus.publish(subject, bytes(text));
    for (const received of others) {
      await eventually("the others' deliveries", () => received.length >= sent.length);
      expect(received.map(text)).toEqual(sent);
    }
    await eventually("the drops", () => handled * 10 + 30 + dropped >= 1000);
    expect(handled * 10 + subscription.pendingBytes() + dropped).toBe(1000);
    stuck.resolve();
  },

  async "delivers or drops each payload, once"({ open, newSubject }) {
    const subject = newSubject();
    const delivered: number[] = [];
    const dropped: number[] = [];
    const bus = open();
    await bus.subscribe(subject, {
      pendingMaxBytes: 200,
      async onDelivery({ payload }) {
        delivered.push(Number(text(payload)));
        if (delivered.length % 10 === 0) await Bun.sleep(1);
      },
      onDropped: (payload) => void dropped.push(Number(text(payload))),
    });
    for (let index = 0; index < 1000; index++) {
      await bus.publish(subject, bytes(`${index}`));
      if (index % 100 === 0) await Bun.sleep(1);
    }
    await eventually("all", () => delivered.length + dropped.length >= 1000);
    const all = [...delivered, ...dropped].sort((left, right) => left - right);
    expect(all).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(delivered).toEqual(delivered.toSorted((left, right) => left - right));
    expect([delivered.length > 0, dropped.length > 0]).toEqual([true, true]);
  },

  async "lets a subscriber that is stuck hold up nobody else"({ open, newSubject }) {
    const subject = newSubject();
    const bus = open();
    const stuck = Promise.withResolvers<void>();
    await bus.subscribe(subject, { ...lenient, onDelivery: () => stuck.promise });
    const received = await collect(bus, subject);
    for (let index = 0; index < 100; index++) await bus.publish(subject, bytes("x"));
    await eventually("the other's deliveries", () => received.length >= 100);
    stuck.resolve();
  },

  async "refuses a payload above its limit and takes one at it"({ open, newSubject }) {
    const subject = newSubject();
    const bus = open();
    const received = await collect(bus, subject);
    const maxBytes = bus.maxPayloadBytes();
    const refusal = await bus
      .publish(subject, new Uint8Array(maxBytes + 1))
      .catch((error) => error);
    expect(refusal).toBeInstanceOf(PayloadTooLarge);
    await bus.publish(subject, new Uint8Array(maxBytes));
    await eventually("the delivery", () => received.length === 1);
    expect(received[0]?.length).toBe(maxBytes);
  },
};
