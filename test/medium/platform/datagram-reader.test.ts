/**
 * Reading past the event loop, from a real socket that is Bun's. Method: datagrams are sent and read within one turn of the
 * event loop, so that Bun has no chance to read them first; what it would have handed over is what was sent.
 */
import { expect, test } from "bun:test";

import { DatagramReader, DATAGRAMS_AT_ONCE } from "../../../src/platform/datagram-reader.ts";
import { setReceiveBuffer } from "../../../src/platform/receive-buffer.ts";
import { RecordingLog } from "../../support/recording-log.ts";

const NO_LIMIT = 1_000_000;

async function openPair() {
  const readByBun: Uint8Array<ArrayBuffer>[] = [];
  const receiver = await Bun.udpSocket({
    hostname: "127.0.0.1",
    binaryType: "uint8array",
    socket: { data: (_socket, datagram) => void readByBun.push(datagram.slice()) },
  });
  const { fd } = receiver as unknown as { readonly fd: number };
  setReceiveBuffer(fd, 4 * 1024 * 1024, new RecordingLog());
  const sender = await Bun.udpSocket({
    connect: { hostname: "127.0.0.1", port: receiver.port },
  });
  const reader = DatagramReader.open((error) => {
    throw error;
  });
  if (reader === undefined) throw new Error("this system has no recvmmsg");
  const read = (datagramsMax = NO_LIMIT) => {
    const datagrams: Uint8Array[] = [];
    const count = reader.read(fd, datagramsMax, (memory, start, end) => {
      datagrams.push(memory.slice(start, end));
    });
    expect(datagrams).toHaveLength(count);
    return datagrams;
  };
  return {
    send: (datagram: Uint8Array) => expect(sender.send(datagram)).toBe(true),
    read,
    readByBun,
    [Symbol.dispose]() {
      sender.close();
      receiver.close();
    },
  };
}

/** `length` bytes that tell `number`. */
function datagram(number: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => (number * 31 + at * 7) % 251);
}

test("gives each datagram's bytes, from none to as many as one can have, in order", async () => {
  using pair = await openPair();
  const sent = [0, 1, 63, 64, 65, 1432, 9000, 65_507, 0, 7].map((length, number) =>
    datagram(number, length),
  );
  for (const bytes of sent) pair.send(bytes);
  expect(pair.read()).toEqual(sent);
  expect(pair.read()).toEqual([]);
  expect(pair.readByBun).toEqual([]);
});

test("reads all that wait, however many calls that takes, and stops at its limit", async () => {
  using pair = await openPair();
  const sent = Array.from({ length: DATAGRAMS_AT_ONCE * 3 }, (_, number) => datagram(number, 40));
  for (const bytes of sent) pair.send(bytes);
  expect(pair.read(DATAGRAMS_AT_ONCE)).toEqual(sent.slice(0, DATAGRAMS_AT_ONCE));
  expect(pair.read()).toEqual(sent.slice(DATAGRAMS_AT_ONCE));
});

test("what it leaves is read by the event loop", async () => {
  using pair = await openPair();
  const sent = Array.from({ length: DATAGRAMS_AT_ONCE + 3 }, (_, number) => datagram(number, 40));
  for (const bytes of sent) pair.send(bytes);
  pair.read(1);
  for (let turn = 0; turn < 100 && pair.readByBun.length < 3; turn++) await Bun.sleep(10);
  expect(pair.readByBun).toEqual(sent.slice(DATAGRAMS_AT_ONCE));
});

test("a shorter datagram behind a longer one in the same place has its own bytes alone", async () => {
  using pair = await openPair();
  for (const length of [5000, 3, 200]) {
    const sent = datagram(length, length);
    pair.send(sent);
    expect(pair.read()).toEqual([sent]);
  }
});

test("an error of the socket is told, that nothing waits is none", () => {
  const told: string[] = [];
  const reader = DatagramReader.open(({ message }) => told.push(message));
  // No descriptor has this number.
  expect(reader?.read(1_000_000, NO_LIMIT, () => {})).toBe(0);
  expect(told).toEqual(["EBADF: bad file descriptor"]);
});

test("there is none where the system's library cannot be called", () => {
  const open = DatagramReader.open(
    () => {},
    () => {
      throw new Error("libc.so.6: no such file");
    },
  );
  expect(open).toBeUndefined();
});
