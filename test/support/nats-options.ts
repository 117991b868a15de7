/** How to reach NATS without TLS and without login, for tests that change what they are about. */
import { type NatsOptions, PLAIN_NATS } from "../../src/bus/nats-options.ts";

export function natsOptions(changes: Partial<NatsOptions> = {}): NatsOptions {
  return {
    servers: ["127.0.0.1:4222"],
    ...PLAIN_NATS,
    ...changes,
  };
}
