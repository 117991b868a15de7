/** The receive buffer, against a kernel played by the test; and once against the real one. */
import { expect, test } from "bun:test";

import {
  leaveOutAncillaryData,
  openReceiveBuffer,
  setReceiveBuffer,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  type SocketCalls,
  type SocketMemory,
} from "../../../src/platform/receive-buffer.ts";
import { RecordingLog } from "../../support/recording-log.ts";

const FD = 7;

/** A kernel that caps what it is asked for, unless it is forced; and doubles it, as Linux does. */
function kernel(options: { capBytes: number; mayForce: boolean; pageSizeBytes?: number }) {
  let bytes = 212_992;
  const asked: number[] = [];
  const calls: SocketCalls = {
    pageSizeBytes: options.pageSizeBytes ?? 4096,
    set(_fd, option, value) {
      asked.push(value);
      if (option === SO_RCVBUFFORCE) {
        if (options.mayForce) bytes = value * 2;
        return options.mayForce;
      }
      bytes = Math.min(value, options.capBytes) * 2;
      return true;
    },
    get: (_fd, option) => (option === SO_RCVBUF ? bytes : undefined),
    memory: () => undefined,
  };
  return { calls, asked, givenBytes: () => bytes / 2 };
}

test("a privileged process gets what it asks for, above the kernel's cap", () => {
  const { calls, givenBytes } = kernel({ capBytes: 4096, mayForce: true });
  const log = new RecordingLog();
  setReceiveBuffer(FD, 4_194_304, log, () => calls);
  expect(givenBytes()).toBe(4_194_304);
  expect(log.lines).toEqual([]);
});

test("without privileges it gets what the cap allows, silently if that is enough", () => {
  const { calls, givenBytes } = kernel({ capBytes: 8_388_608, mayForce: false });
  const log = new RecordingLog();
  setReceiveBuffer(FD, 4_194_304, log, () => calls);
  expect(givenBytes()).toBe(4_194_304);
  expect(log.lines).toEqual([]);
});

test("a capped buffer is one warning that names the sysctl and the value it needs", () => {
  const { calls } = kernel({ capBytes: 212_992, mayForce: false });
  const log = new RecordingLog();
  setReceiveBuffer(FD, 4_194_304, log, () => calls);
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toStartWith("WARN the receive buffer is 212992 bytes and not 4194304");
  expect(log.lines[0]).toContain("sysctl -w net.core.rmem_max=4194304");
});

test("sizes are rounded up to whole pages, and the log says so", () => {
  const rounded = (bytes: number) => {
    const { calls, asked } = kernel({ capBytes: 1e9, mayForce: true });
    const log = new RecordingLog();
    setReceiveBuffer(FD, bytes, log, () => calls);
    return [asked[0], ...log.lines];
  };
  const line = (bytes: number) =>
    `INFO rounding up receive buffer to nearest page size (now ${bytes} bytes)`;
  expect(rounded(43_210)).toEqual([45_056, line(45_056)]);
  expect(rounded(1)).toEqual([4096, line(4096)]);
  expect(rounded(8192)).toEqual([8192]);
});

test("where the system's library cannot be called it is a warning, and the listener goes on", () => {
  const log = new RecordingLog();
  setReceiveBuffer(FD, 4096, log, () => {
    throw new Error("libc.so.6: no such file");
  });
  expect(log.lines).toEqual([
    "WARN cannot set the receive buffer, it stays as the system made it: libc.so.6: no such file",
  ]);
});

test.if(process.platform === "linux")(
  "the real kernel gives a real socket at least that much",
  async () => {
    const socket = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const { fd } = socket as unknown as { fd: number };
    const log = new RecordingLog();
    setReceiveBuffer(fd, 65_536, log);
    socket.close();
    expect(log.lines).toEqual([]);
  },
);

test("no ancillary data is asked for, of IPv4 or of IPv6", () => {
  const { calls } = kernel({ capBytes: 4096, mayForce: true });
  const asked: unknown[] = [];
  leaveOutAncillaryData(FD, () => ({
    ...calls,
    set: (...call) => asked.push(call) > 0,
  }));
  expect(asked).toEqual([
    [FD, 8, 0, 0],
    [FD, 13, 0, 0],
    [FD, 49, 0, 41],
    [FD, 66, 0, 41],
  ]);
});

test.if(process.platform === "linux")("a socket that does not exist is told as a warning", () => {
  const log = new RecordingLog();
  setReceiveBuffer(1_000_000, 65_536, log);
  expect(log.lines[0]).toStartWith("WARN the receive buffer is 0 bytes and not 65536");
});

/** What is told with each call, of a kernel that tells so much and then nothing. */
function bufferOf(...told: SocketMemory[]) {
  const { calls } = kernel({ capBytes: 4096, mayForce: true });
  return openReceiveBuffer(FD, () => ({ ...calls, memory: () => told.shift() }));
}

test("what the kernel dropped is told once, across the end of its 32 bits", () => {
  const buffer = bufferOf(
    ...[0, 3, 3, 10, 2 ** 32 - 1, 4].map((drops) => ({ usedBytes: 0, maxBytes: 1, drops })),
  );
  expect(Array.from({ length: 7 }, () => buffer.newDrops())).toEqual([
    ...[0, 3, 0, 7, 2 ** 32 - 11, 5, 0],
  ]);
});

test("how full the buffer is is a share of what the kernel allows", () => {
  const buffer = bufferOf({ usedBytes: 300, maxBytes: 1200, drops: 0 });
  expect([buffer.filledShare(), buffer.filledShare()]).toEqual([0.25, undefined]);
});

test("nothing is told where the system's library cannot be called", () => {
  const buffer = openReceiveBuffer(FD, () => {
    throw new Error("libc.so.6: no such file");
  });
  expect([buffer.filledShare(), buffer.newDrops()]).toEqual([undefined, 0]);
});

test.if(process.platform === "linux")(
  "the real kernel tells how full a real socket's buffer is, and what it dropped",
  async () => {
    const socket = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const { fd } = socket as unknown as { fd: number };
    setReceiveBuffer(fd, 65_536, new RecordingLog());
    const buffer = openReceiveBuffer(fd);
    expect([buffer.filledShare(), buffer.newDrops()]).toEqual([0, 0]);
    // In one turn of the event loop, so that nobody reads them meanwhile.
    const send = (count: number) => {
      for (let sent = 0; sent < count; sent++) {
        socket.send(new Uint8Array(1000), socket.port, "127.0.0.1");
      }
    };
    send(10);
    // Of 128 KiB, at least their bytes, and at most 4 KiB each.
    expect(buffer.filledShare()).toBeGreaterThan(10_000 / 131_072);
    expect(buffer.filledShare()).toBeLessThan(40_960 / 131_072);
    send(1000);
    expect(buffer.newDrops()).toBeGreaterThan(800);
    expect(buffer.newDrops()).toBe(0);
    socket.close();
  },
);
