/** What every bus promises about who is given which payloads. */
import { expect } from "bun:test";

import { type Delivery } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import { bytes, collect, lenient, type Promises, text } from "./conformance-tools.ts";

export const deliveryPromises: Promises = {
  async "delivers the payloads of one publisher in order"({ open, newSubject }) {
    const subject = newSubject();
    const received = await collect(open(), subject);
    const publisher = open();
    const sent = Array.from({ length: 1000 }, (_, index) => `m${index}\n`);
    for (const text of sent) await publisher.publish(subject, bytes(text));
    await eventually("all deliveries", () => received.length >= sent.length);
    expect(received.map(text)).toEqual(sent);
  },

  async "gives each payload to one subscriber of a queue group"({ open, newSubject }) {
    const subject = newSubject();
    const received = [
      await collect(open(), subject, { queue: "workers" }),
      await collect(open(), subject, { queue: "workers" }),
      await collect(open(), subject, { queue: "others" }),
    ];
    const [first = [], second = [], other = []] = received;
    const publisher = open();
    const sent = Array.from({ length: 200 }, (_, index) => `m${index}\n`);
    for (const text of sent) await publisher.publish(subject, bytes(text));
    await eventually("the lone member's deliveries", () => other.length >= sent.length);
    await eventually("the group's", () => first.length + second.length >= sent.length);
    expect([...first, ...second].map(text).sort()).toEqual(sent.toSorted());
    expect(first.length).toBeGreaterThan(0);
    expect(second.length).toBeGreaterThan(0);
    expect(other.map(text)).toEqual(sent);
  },

  async "gives every payload to each subscriber without a queue group"({ open, newSubject }) {
    const subject = newSubject();
    const bus = open();
    const received = [await collect(open(), subject), await collect(bus, subject)];
    await bus.publish(subject, bytes("a\n"));
    await bus.publish(subject, bytes("b\n"));
    for (const payloads of received) {
      await eventually("two deliveries", () => payloads.length >= 2);
      expect(payloads.map(text)).toEqual(["a\n", "b\n"]);
    }
  },

  async "matches * with one token and > with all further ones"({ open, newSubject }) {
    const subject = newSubject();
    const one: string[] = [];
    const rest: string[] = [];
    const bus = open();
    const note = (list: string[]) => ({
      ...lenient,
      onDelivery: (delivery: Delivery) => void list.push(delivery.subject),
    });
    await bus.subscribe(`${subject}.*`, note(one));
    await bus.subscribe(`${subject}.>`, note(rest));
    for (const end of ["", ".a", ".a.b", ".b"]) await bus.publish(subject + end, bytes("x\n"));
    await eventually("the deliveries", () => rest.length >= 3 && one.length >= 2);
    expect({ one, rest }).toEqual({
      one: [`${subject}.a`, `${subject}.b`],
      rest: [`${subject}.a`, `${subject}.a.b`, `${subject}.b`],
    });
  },

  async "delivers the bytes as they were published, whatever they are"({ open, newSubject }) {
    const subject = newSubject();
    const received = await collect(open(), subject);
    const publisher = open();
    await collect(publisher, newSubject()); // Connected: the limit is the server's.
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    const large = new Uint8Array(publisher.maxPayloadBytes()).map((_, index) => index * 31);
    const sent = [all, new Uint8Array(0), large, all.subarray(10, 13), bytes("\r\n\0\n")];
    const before = sent.map((payload) => payload.slice());
    for (const payload of sent) await publisher.publish(subject, payload);
    await eventually("all deliveries", () => received.length >= sent.length);
    expect(received).toEqual(before);
    expect(sent).toEqual(before);
  },

  async "leaves a delivered payload alone while more arrive"({ open, newSubject }) {
    const subject = newSubject();
    const kept: Delivery[] = [];
    const bus = open();
    await bus.subscribe(subject, {
      ...lenient,
      onDelivery: (delivery) => void kept.push(delivery),
    });
    for (let index = 0; index < 500; index++) {
      await bus.publish(subject, new Uint8Array(5000).fill(index));
    }
    await eventually("all deliveries", () => kept.length >= 500);
    const isWhole = ({ payload }: Delivery, index: number) =>
      payload.length === 5000 && payload.every((byte) => byte === index % 256);
    expect(kept.every(isWhole)).toBe(true);
    expect(new Set(kept.map(({ payload }) => payload.constructor))).toEqual(new Set([Uint8Array]));
  },

  async "is up once a subscription is made"({ open, newSubject }) {
    const bus = open();
    await bus.subscribe(newSubject(), lenient);
    expect({ state: bus.state(), hasRoom: bus.hasRoom() }).toEqual({
      state: "up",
      hasRoom: true,
    });
  },
};
