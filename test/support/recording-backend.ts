/** Stands in for InfluxDB: keeps every request and answers as the test says. */

export interface RecordedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The other end of the connection: the same number, the same connection. */
  readonly clientPort: number;
}

export interface BackendAnswer {
  /** 204 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Waits this long before it answers; Infinity: for ever. */
  readonly delayMs?: number;
}

export interface RecordingBackend extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** In the order in which they were complete. Pings are answered like InfluxDB does, and are not among them. */
  readonly requests: readonly RecordedRequest[];
  /** The answer to each request from now on; `index` counts all of them from 0. */
  answer: (request: RecordedRequest, index: number) => BackendAnswer;
  /** All lines that came, in the order of the requests. */
  lines(): string[];
}

export interface BackendOptions {
  /** PEM texts; with them it speaks https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export function startRecordingBackend(options: BackendOptions = {}): RecordingBackend {
  const requests: RecordedRequest[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    maxRequestBodySize: 1024 ** 3,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    async fetch(request, self) {
      const { pathname, search } = new URL(request.url);
      if (pathname === "/ping") return new Response(null, { status: 204 });
      const clientPort = self.requestIP(request)?.port ?? 0;
      const recorded: RecordedRequest = {
        method: request.method,
        target: pathname + search,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
        clientPort,
      };
      const answer = backend.answer(recorded, requests.push(recorded) - 1);
      if (answer.delayMs === Infinity) return new Promise<Response>(() => {});
      if (answer.delayMs !== undefined) await Bun.sleep(answer.delayMs);
      return new Response(answer.body ?? null, {
        status: answer.status ?? 204,
        headers: { ...answer.headers },
      });
    },
  });
  const backend: RecordingBackend = {
    port: server.port ?? 0,
    requests,
    answer: () => ({}),
    lines: () => requests.flatMap(({ body }) => body.split("\n").filter((line) => line !== "")),
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
  return backend;
}

export interface ClosingBackend extends Disposable {
  readonly port: number;
  /** Connections that sent something and were closed for it. */
  closed(): number;
}

/** Closes each connection as soon as a request begins, without an answer. */
export function startClosingBackend(): ClosingBackend {
  let closed = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        closed++;
        socket.end();
      },
    },
  });
  return {
    port: listener.port,
    closed: () => closed,
    [Symbol.dispose]: () => listener.stop(true),
  };
}
