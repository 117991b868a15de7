/**
 * Mode "listener": every datagram that reaches the UDP port goes, as it is, into the intake. Nobody is answered and
 * nothing is looked at but where lines end.
 */
import type { ComponentDeps } from "../config/component.ts";
import type { ListenerConfig } from "../config/config.ts";
import { countLines, NEWLINE } from "../line/split.ts";
import { Counters } from "../metrics/counters.ts";
import { bindAllAddresses, formatAddress } from "../platform/bind.ts";
import { every } from "../platform/clock.ts";
import { DatagramReader, type OnDatagram } from "../platform/datagram-reader.ts";
import type { DropKind, Drops } from "../platform/drops.ts";
import { messageOf } from "../platform/errors.ts";
import { sampleOf } from "../platform/harmless-text.ts";
import type { Running } from "../platform/lifecycle.ts";
import { throttledByReason } from "../platform/log.ts";
import {
  leaveOutAncillaryData,
  openReceiveBuffer,
  setReceiveBuffer,
} from "../platform/receive-buffer.ts";
import { UDP_COUNTERS, type UdpCounters } from "./counters.ts";
import { Gathering } from "./gathering.ts";
import type { Intake } from "./intake.ts";
import { openOutlet } from "./outlet.ts";

export interface UdpListener extends Running {
  /** The port it is bound to, which the system chose if the configuration says 0. */
  readonly port: number;
}

const DROPS_INTERVAL_MS = 1000;

const BY_KERNEL: DropKind = {
  level: "error",
  verb: "dropped",
  noun: "datagram",
  reason:
    "by the kernel, mostly because the receive buffer was full: raise read_buffer_size, or spread the senders over more listeners",
  where: "",
};

/** Resolves once the socket is bound; the bus connects in the background. Rejects with a SpoutError if it cannot be. */
export async function startUdpListener(
  config: ListenerConfig,
  deps: ComponentDeps,
): Promise<UdpListener> {
  const { clock, log } = deps;
  const counters: UdpCounters = new Counters(UDP_COUNTERS);
  const outlet = openOutlet(config, counters, deps);
  const { intake, drops, bus } = outlet;
  let gathering: Gathering | undefined;
  const reportError = throttledByReason(log.warn.bind(log), clock);
  const onError = (error: unknown) => {
    counters.add("read_errors");
    const why = messageOf(error);
    reportError(why, `cannot read from UDP port ${config.port}: ${why}`);
  };

  const accept: OnDatagram = (memory, start, end) => {
    if (config.debug) log.debug(`listener read ${end - start} bytes`);
    acceptDatagram(memory, start, end, intake, counters);
    gathering?.took();
  };

  const socket = await bindAllAddresses("UDP", config.port, (hostname) =>
    Bun.udpSocket({
      hostname,
      port: config.port,
      binaryType: "uint8array",
      socket: {
        data(_socket, datagram, _port, _address, flags) {
          if (flags.truncated) acceptTruncated(datagram, outlet, counters);
          else accept(datagram, 0, datagram.length);
        },
        // Bun hands over the error alone, and not what its types say.
        error: (...reported: unknown[]) => onError(reported.at(-1)),
      },
    }),
  ).catch(async (error: unknown) => {
    await bus.close(0);
    throw error;
  });
  const fd = fileDescriptorOf(socket);
  setReceiveBuffer(fd, config.readBufferBytes, log);
  leaveOutAncillaryData(fd);
  const buffer = openReceiveBuffer(fd);
  const reader = deps.isAlone === true ? DatagramReader.open(onError) : undefined;
  if (reader !== undefined && buffer.filledShare() !== undefined) {
    gathering = new Gathering({
      readWaiting: (datagramsMax) => void reader.read(fd, datagramsMax, accept),
      filledShare: () => buffer.filledShare() ?? 0,
    });
  }
  const countDropped = () => {
    const datagrams = buffer.newDrops();
    counters.add("dropped_datagrams", datagrams);
    drops.tell(BY_KERNEL, datagrams);
  };
  const cancelCounting = every(clock, DROPS_INTERVAL_MS, countDropped);
  outlet.announce("UDP", formatAddress(socket.hostname, socket.port));

  return {
    name: `listener "${config.name}"`,
    port: socket.port,
    ready: () => !socket.closed && bus.isReady(),
    metrics: () => outlet.metrics(),
    async stop(deadline) {
      await readWhatArrived();
      countDropped();
      // Another file may get its descriptor from here on.
      cancelCounting();
      gathering?.stop();
      socket.close();
      return outlet.close(deadline);
    },
    // What a bound UDP socket reports concerns single datagrams.
    failed: new Promise(() => {}),
  };
}

/** Hot: once per datagram. */
function acceptDatagram(
  memory: Uint8Array,
  start: number,
  end: number,
  intake: Intake,
  counters: UdpCounters,
): void {
  if (start === end) return;
  const lines = countLines(memory, start, end);
  counters.add("received");
  counters.add("received_bytes", end - start);
  counters.add("received_lines", lines);
  intake.acceptCopy(memory, lines, start, end);
}

/** A datagram that the kernel cut off: its whole lines are taken, the torn last one is dropped and counted. */
export function acceptTruncated(
  datagram: Uint8Array,
  { intake, drops }: { readonly intake: Intake; readonly drops: Drops },
  counters: UdpCounters,
): void {
  const wholeBytes = datagram.lastIndexOf(NEWLINE) + 1;
  const tornLines = countLines(datagram, wholeBytes);
  const wholeLines = countLines(datagram, 0, wholeBytes);
  counters.add("received");
  counters.add("received_bytes", datagram.length);
  counters.add("received_lines", wholeLines + tornLines);
  counters.add("truncated");
  counters.add("dropped_truncated_lines", tornLines);
  const why = "the kernel cut their datagram off";
  drops.drop(why, tornLines, "of UDP datagrams", () => sampleOf(datagram.subarray(wholeBytes)));
  if (wholeBytes > 0) intake.accept(datagram.subarray(0, wholeBytes), wholeLines);
}

/**
 * Lets the event loop read what the kernel holds for the socket: closing would throw it away. One turn of the loop
 * empties the socket; the first one may have looked at it already.
 */
async function readWhatArrived(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Bun's types do not know that a UDP socket shows its file descriptor. */
function fileDescriptorOf(socket: Bun.udp.Socket<"uint8array">): number {
  return (socket as unknown as { readonly fd: number }).fd;
}
