/** When a component is connected, whatever it says of that: the original says nothing. */
import { eventually } from "../support/eventually.ts";
import type { NatsServer } from "../support/nats-server.ts";

/** Resolves once nats-server has a connection of that name. */
export async function untilConnected({ monitorUrl }: NatsServer, name: string): Promise<void> {
  await eventually(`${name} to be connected to NATS`, async () => {
    const answer = await fetch(`${monitorUrl}/connz`);
    const { connections } = (await answer.json()) as { connections: { name?: string }[] };
    return connections.some((connection) => connection.name === name);
  });
}
