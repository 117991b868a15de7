/** What the promises of a bus are tested with. */
import type { Bus, BusOptions, Pieces, SubscribeOptions } from "../../../src/bus/bus.ts";

export interface Tools {
  /** A connection of its own to the common bus; closed when the suite ends. */
  open(options?: Partial<BusOptions>): Bus;
  /** A subject that no other test uses, nor any below it. */
  newSubject(): string;
}

/** Title of a test, which says what is promised, and its body. */
export type Promises = Readonly<Record<string, (tools: Tools) => Promise<void>>>;

/** Takes everything and does nothing with it. */
export const lenient: SubscribeOptions = {
  pendingMaxBytes: 64 * 1024 * 1024,
  onDelivery() {},
  onDropped() {},
};

/** Subscribes; the list grows with copies of what arrives. */
export async function collect(
  bus: Bus,
  subject: string,
  options: Partial<SubscribeOptions> = {},
): Promise<Uint8Array[]> {
  const received: Uint8Array[] = [];
  await bus.subscribe(subject, {
    ...lenient,
    onDelivery: ({ payload }) => void received.push(payload.slice()),
    ...options,
  });
  return received;
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

/** Lets its bytes be copied until it is spoiled: then they are gone, as a filter's payloads are after it said done(). */
export function pieces(text: string): Pieces & { spoil(): void; readonly copies: number } {
  const payload = bytes(text);
  let copies = 0;
  return {
    sizeBytes: payload.length,
    lines: 1,
    copyTo(target, at) {
      copies++;
      target.set(payload, at);
    },
    spoil: () => void payload.fill(0),
    get copies() {
      return copies;
    },
  };
}
