/** Answers in InfluxDB's place without a socket; the test decides when, and with what. */
import type { Fetch } from "../../../src/writer/influx-client.ts";

export interface FakeRequest {
  readonly url: string;
  readonly init: BunFetchRequestInit;
  /** The body's text. */
  readonly body: string;
  answer(status: number, body?: string, headers?: Record<string, string>): void;
  fail(error: Error): void;
}

export class FakeInfluxDb {
  /** Writes; pings are answered at once and not kept. */
  readonly requests: FakeRequest[] = [];
  /** If set, every write is answered with it at once. */
  status: number | undefined;
  pingStatus = 204;

  constructor(status?: number) {
    this.status = status;
  }

  get bodies(): string[] {
    return this.requests.map(({ body }) => body);
  }

  /** As `fetch` does, rejects with the signal's reason when it is aborted. */
  readonly fetch: Fetch = (url, init) => {
    if (url.endsWith("/ping"))
      return Promise.resolve(new Response(null, { status: this.pingStatus }));
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
    const request: FakeRequest = {
      url,
      init,
      body: new TextDecoder().decode(init.body as Uint8Array),
      answer: (status, body, headers) =>
        resolve(
          new Response(body ?? null, { status, ...(headers === undefined ? {} : { headers }) }),
        ),
      fail: reject,
    };
    this.requests.push(request);
    if (this.status !== undefined) request.answer(this.status);
    return promise;
  };
}

/** Lets every promise that can go on do so: nothing in these tests waits for anything else. */
export async function settle(): Promise<void> {
  await Bun.sleep(0);
  await Bun.sleep(0);
}
