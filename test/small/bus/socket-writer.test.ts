/** What reaches the socket. Method: a socket that takes as much as the test allows, and keeps it. */
import { expect, test } from "bun:test";

import type { Pieces } from "../../../src/bus/bus.ts";
import { SocketWriter } from "../../../src/bus/socket-writer.ts";
import { seededRandom } from "../../support/random.ts";

/** Takes at most `room` bytes until it is given more. */
class NarrowSocket {
  room = Infinity;
  writes = 0;
  readonly #taken: Uint8Array[] = [];

  readonly write = (bytes: Uint8Array, offset: number, length: number): number => {
    this.writes++;
    const taken = Math.min(length, this.room);
    this.room -= taken;
    this.#taken.push(new Uint8Array(bytes.subarray(offset, offset + taken)));
    return taken;
  };

  text(): string {
    return Buffer.concat(this.#taken).toString();
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Two of them. */
function piecesOf(text: string): Pieces {
  const half = text.length >> 1;
  return {
    sizeBytes: text.length,
    lines: 1,
    copyTo(target, at) {
      target.set(bytes(text.slice(0, half)), at);
      target.set(bytes(text.slice(half)), at + half);
    },
  };
}

test("writes publications and commands in the order in which they were added, in one go", () => {
  const socket = new NarrowSocket();
  const writer = new SocketWriter(socket.write);
  writer.addPublication("a.b", bytes("x=1\n"));
  writer.addPublication("größe", bytes("y\n"));
  writer.add(bytes("PING\r\n"));
  expect(socket.writes).toBe(0);
  writer.flush();
  expect(socket.writes).toBe(1);
  expect(socket.text()).toBe("PUB a.b 4\r\nx=1\n\r\nPUB größe 2\r\ny\n\r\nPING\r\n");
});

test("keeps a large payload until the socket has taken all of it", () => {
  const socket = new NarrowSocket();
  const writer = new SocketWriter(socket.write);
  writer.addPublication("a", new Uint8Array(200_000));
  expect(writer.keepsPayload).toBe(false);
  socket.room = 150_000;
  writer.addPublication("a", new Uint8Array(200_000));
  expect(writer.keepsPayload).toBe(true);
  socket.room = 10;
  writer.resume();
  expect(writer.keepsPayload).toBe(true);
  socket.room = Infinity;
  writer.resume();
  expect(writer.keepsPayload).toBe(false);
});

test("keeps what the socket does not take, and the order, until it has room again", () => {
  const socket = new NarrowSocket();
  const writer = new SocketWriter(socket.write);
  socket.room = 5;
  writer.addPublication("a", bytes("1\n"));
  writer.flush();
  expect(writer.isWritable).toBe(false);
  writer.add(bytes("PING\r\n"));
  writer.flush();
  expect(socket.text()).toBe("PUB a");
  socket.room = Infinity;
  writer.resume();
  expect(writer.isWritable).toBe(true);
  expect(socket.text()).toBe("PUB a 2\r\n1\n\r\nPING\r\n");
});

test("writes exactly what was added, whatever the sizes and however little the socket takes", () => {
  const random = seededRandom("socket writer");
  for (let round = 0; round < 200; round++) {
    const socket = new NarrowSocket();
    const writer = new SocketWriter(socket.write);
    let expected = "";
    for (let step = 0; step < 40; step++) {
      socket.room = random.oneIn(3) ? Infinity : random.int(300_000);
      if (random.oneIn(4)) writer.resume();
      const mark = `${round}.${step}`;
      if (random.oneIn(4)) {
        writer.add(bytes(`SUB ${mark}\r\n`));
        expected += `SUB ${mark}\r\n`;
      } else if (random.oneIn(2)) {
        const payload = mark + "p".repeat(random.int(random.oneIn(4) ? 190_000 : 2000));
        writer.addPieces(mark, piecesOf(payload));
        expected += `PUB ${mark} ${payload.length}\r\n${payload}\r\n`;
      } else {
        const payload = mark + "p".repeat(random.int(random.oneIn(4) ? 600_000 : 2000));
        writer.addPublication(mark, bytes(payload));
        expected += `PUB ${mark} ${payload.length}\r\n${payload}\r\n`;
      }
      if (random.oneIn(2)) writer.flush();
    }
    socket.room = Infinity;
    writer.resume();
    expect(socket.text() === expected).toBe(true);
  }
});
