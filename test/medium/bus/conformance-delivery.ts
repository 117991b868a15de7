/** What every bus promises about who is given which payloads. */
import { expect } from "bun:test";

import { type Delivery, PayloadTooLarge } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import { bytes, collect, lenient, pieces, type Promises, text } from "./conformance-tools.ts";

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

  async "takes payloads in pieces as it takes others, in the order of both, and is done with them at once"({
    open,
    newSubject,
  }) {
    const subject = newSubject();
    const received = await collect(open(), subject);
    const publisher = open();
    const sent: string[] = [];
    // Some more than a connection writes at once, and some that it writes without copying them first.
    for (const [index, length] of [1, 300_000, 10, 10_000, 200_000, 500_000, 0, 20].entries()) {
      const [whole, cut] = [`${index}`.repeat(length), `p${index}`.repeat(length)];
      sent.push(whole, cut);
      const inPieces = pieces(cut);
      const published = [
        publisher.publish(subject, bytes(whole)),
        publisher.publishPieces(subject, inPieces),
      ];
      inPieces.spoil();
      expect(inPieces.copies).toBe(1);
      await Promise.all(published);
    }
    await eventually("all deliveries", () => received.length >= sent.length);
    expect(received.map(text).map((got, index) => got === sent[index])).toEqual(
      sent.map(() => true),
    );
  },

  async "refuses pieces that are too many for one message"({ open, newSubject }) {
    const publisher = open();
    await eventually("the connection", () => publisher.state() === "up");
    const inPieces = pieces("x".repeat(publisher.maxPayloadBytes() + 1));
    expect(publisher.publishPieces(newSubject(), inPieces)).rejects.toThrow(PayloadTooLarge);
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

  async "shares the payloads of a queue group out evenly, in order for each member"({
    open,
    newSubject,
  }) {
    const subject = newSubject();
    const collecting = Array.from({ length: 4 }, () => collect(open(), subject, { queue: "q" }));
    const members = await Promise.all(collecting);
    const publisher = open();
    for (let index = 0; index < 2000; index++) await publisher.publish(subject, bytes(`${index}`));
    const count = () => members.reduce((sum, received) => sum + received.length, 0);
    await eventually("all deliveries", () => count() >= 2000);
    for (const received of members) {
      const numbers = received.map((payload) => Number(text(payload)));
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
      // Chosen at random, each gets 500, give or take 19 (one standard deviation).
      expect(Math.abs(numbers.length - 500)).toBeLessThan(120);
    }
  },

  async "takes members of one queue group for one, whatever patterns they subscribed by"({
    open,
    newSubject,
  }) {
    const subject = newSubject();
    const patterns = [`${subject}.a`, `${subject}.*`, `${subject}.>`];
    const collecting = patterns.map((pattern) => collect(open(), pattern, { queue: "q" }));
    const members = await Promise.all(collecting);
    const all = await collect(open(), `${subject}.>`);
    const publisher = open();
    const sent = Array.from({ length: 100 }, (_, index) => `${index}`);
    for (const text of sent) await publisher.publish(`${subject}.a`, bytes(text));
    await eventually("the lone subscriber's deliveries", () => all.length >= sent.length);
    await eventually("the group's", () => members.flat().length >= sent.length);
    const received = members.flat().map((payload) => Number(text(payload)));
    expect(received.toSorted((left, right) => left - right)).toEqual(sent.map(Number));
    expect(members.every((payloads) => payloads.length > 0)).toBe(true);
  },

  async "gives everything to the members that remain when one drains"({ open, newSubject }) {
    const subject = newSubject();
    const publisher = open();
    const leaving = await open().subscribe(subject, { ...lenient, queue: "q" });
    const remaining = await collect(open(), subject, { queue: "q" });
    await publisher.publish(subject, bytes("before"));
    await leaving.drain();
    const before = remaining.length;
    const sent = Array.from({ length: 100 }, (_, index) => `m${index}`);
    for (const text of sent) await publisher.publish(subject, bytes(text));
    await eventually("all deliveries", () => remaining.length >= before + sent.length);
    expect(remaining.map(text).filter((name) => name !== "before")).toEqual(sent);
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

  async "keeps the order of one publisher across its subjects"({ open, newSubject }) {
    const subject = newSubject();
    const received = await collect(open(), `${subject}.*`);
    const publisher = open();
    const sent = Array.from({ length: 300 }, (_, index) => `m${index}`);
    for (const [index, text] of sent.entries()) {
      await publisher.publish(`${subject}.${index % 3}`, bytes(text));
    }
    await eventually("all deliveries", () => received.length >= sent.length);
    expect(received.map(text)).toEqual(sent);
  },

  async "keeps nothing for subscribers that come later"({ open, newSubject }) {
    const subject = newSubject();
    const bus = open();
    await collect(bus, newSubject()); // Connected: what is published is not held.
    for (let time = 1; time <= 2; time++) await bus.publish(subject, bytes("early"));
    const received = await collect(bus, subject);
    await bus.publish(subject, bytes("late"));
    await eventually("the delivery", () => received.length > 0);
    expect(received.map(text)).toEqual(["late"]);
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

  async "has delivered or copied what it gives back"({ open, newSubject }) {
    const subject = newSubject();
    const received = await collect(open(), subject);
    const publisher = open();
    const sizes = [10, 1000, 200_000, 10, 900_000, 50_000];
    const expected = sizes.map((size, index) => `${index}`.repeat(size));
    const given: Uint8Array[] = [];
    for (const sent of expected) {
      const payload = bytes(sent);
      void publisher.publish(subject, payload, 1, (free) => {
        expect(free).toBe(payload);
        given.push(free.fill(0x78));
      });
    }
    await eventually("all deliveries", () => received.length >= sizes.length);
    expect(received.map(text)).toEqual(expected);
    expect(new Set(given).size).toBe(given.length);
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

  async "delivers a plain Uint8Array where a Buffer was published"({ open, newSubject }) {
    const subject = newSubject();
    const kept: Uint8Array[] = [];
    const bus = open();
    await bus.subscribe(subject, {
      ...lenient,
      onDelivery: ({ payload }) => void kept.push(payload),
    });
    await bus.publish(subject, Buffer.from("xabcx").subarray(1, 4));
    await eventually("the delivery", () => kept.length > 0);
    // Of a Buffer, slice() would be no copy.
    expect(kept.map((payload) => payload.constructor)).toEqual([Uint8Array]);
    expect(kept.map(text)).toEqual(["abc"]);
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
