/**
 * An InfluxDB that counts and forgets: `bun test/bench/discarding-backend.ts`. Prints its port. `GET /counts` answers
 * `{"requests":...,"bytes":...}`, everything else 204.
 */
let requests = 0;
let bytes = 0;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  async fetch(request) {
    if (request.method === "GET") return Response.json({ requests, bytes });
    const body = await request.arrayBuffer();
    requests++;
    bytes += body.byteLength;
    return new Response(null, { status: 204 });
  },
});
console.log(server.port);
