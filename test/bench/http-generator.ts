/**
 * Posts bodies as fast as they are answered: `bun test/bench/http-generator.ts PORT CONNECTIONS SECONDS LINES`.
 * Prints `{"sent":...,"seconds":...}`: the bodies answered with 204. Each connection has one request under way, as a
 * client library has. Written on bare sockets, so that it takes less of the machine than what it measures.
 */
import { hostLines } from "./host-lines.ts";

const [port, connections, seconds, lines] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];

const body = hostLines(lines);
const request = Buffer.from(
  `POST /write?db=bench HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const ANSWER_START = Buffer.from("HTTP/1.1 204 ");
const ANSWER_END = Buffer.from("\r\n\r\n");

const beganMs = performance.now();
const endMs = beganMs + seconds * 1000;
let sent = 0;
await Promise.all(Array.from({ length: connections }, postUntilEnd));
console.log(JSON.stringify({ sent, seconds: (performance.now() - beganMs) / 1000 }));
process.exit(0);

async function postUntilEnd(): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let written = 0;
  let answer: Buffer = Buffer.alloc(0);
  const write = (socket: Bun.Socket) => {
    if (written < request.length) written += socket.write(request, written);
  };
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: write,
      drain: write,
      data(socket, chunk) {
        answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
        if (!answer.subarray(-ANSWER_END.length).equals(ANSWER_END)) return;
        if (!answer.subarray(0, ANSWER_START.length).equals(ANSWER_START)) {
          return ended.reject(new Error(`not a 204: ${answer.toString()}`));
        }
        sent++;
        if (performance.now() >= endMs) return ended.resolve();
        answer = Buffer.alloc(0);
        written = 0;
        write(socket);
      },
      close: () =>
        ended.reject(new Error(`closed by the listener, having answered: ${answer.toString()}`)),
    },
  });
  return ended.promise;
}
