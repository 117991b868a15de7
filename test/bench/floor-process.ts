/**
 * What the runtime and the kernel cost alone: `bun test/bench/floor-process.ts udp|http PORT`, or
 * `... nats PORT SUBJECT OUTPUT`. Prints "ready", then does as little as can be done with what comes in.
 */
import { connect } from "nats";

const [kind, portText, subject = "", output = ""] = process.argv.slice(2);
const port = Number(portText);

switch (kind) {
  case "udp":
    await Bun.udpSocket({ port, hostname: "127.0.0.1", socket: { data() {} } });
    break;
  case "http":
    Bun.serve({
      port,
      hostname: "127.0.0.1",
      development: false,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      async fetch(request) {
        await request.bytes();
        return new Response(null, { status: 204 });
      },
    });
    break;
  case "nats": {
    const client = await connect({ port });
    client.subscribe(subject, { callback: (_, message) => client.publish(output, message.data) });
    await client.flush();
    break;
  }
}
console.log("ready");
