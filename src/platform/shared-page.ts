/**
 * A large page for many who ask: printed once for all who ask at the same time, a piece at a time, so that the event loop
 * goes round meanwhile; each reader takes the pieces as fast as it reads, and no faster. However many ask, and however
 * slowly they read, there are at most {@link PAGES_MAX} pages in memory.
 */
import type { Clock } from "./clock.ts";

export interface SharedPageOptions {
  /** The page, in pieces. Each takes little time; one may be empty. */
  readonly print: () => Iterable<string>;
  readonly contentType: string;
  readonly clock: Clock;
}

const PAGES_MAX = 2;
/** Above it the answer is 503. Each has some chunks of its own on their way to its socket. */
const READERS_MAX = 100;
/** Who asks so soon after another gets the same page. */
const SHARED_MAX_MS = 1000;
/** A reader may take so long before its page has to make room for a new one: Prometheus waits for ten seconds. */
const READING_MAX_MS = 30_000;
/** What is printed until others have their turn. */
const SLICE_MAX_MS = 4;
const CHUNK_MAX_CHARS = 64 * 1024;
/** A page that is no longer is sent as a whole, with its length, which a client of HTTP/1.0 needs. */
const WHOLE_MAX_BYTES = 256 * 1024;

export class SharedPage {
  readonly #options: SharedPageOptions;
  /** Those that are read, the oldest first. */
  readonly #printings = new Set<Printing>();

  constructor(options: SharedPageOptions) {
    this.#options = options;
  }

  async answer(request: Request): Promise<Response> {
    const headers = { "Content-Type": this.#options.contentType };
    if (request.method === "HEAD") return new Response(null, { headers });
    const readers = Array.from(this.#printings, ({ readers: { size } }) => size);
    if (readers.reduce((sum, count) => sum + count, 0) >= READERS_MAX) {
      const text = `${READERS_MAX} clients are reading this page: try again later\n`;
      return new Response(text, { status: 503, headers: { "Retry-After": "10" } });
    }
    const printing = this.#printingToRead();
    const reader = new Reader(printing, () => {
      if (printing.readers.size === 0) this.#printings.delete(printing);
    });
    request.signal.addEventListener("abort", () => reader.leave());
    let isStreamed = false;
    try {
      const whole = await printing.whole(WHOLE_MAX_BYTES);
      isStreamed = whole === undefined;
      return new Response(whole ?? reader.stream(), { headers });
    } finally {
      if (!isStreamed) reader.leave();
    }
  }

  /** A new one unless one was begun just now, or there are so many that the newest has to do. */
  #printingToRead(): Printing {
    const nowMs = this.#options.clock.monotonicMs();
    const all = [...this.#printings];
    const newest = all.at(-1);
    if (newest !== undefined && nowMs - newest.begunAtMs < SHARED_MAX_MS) return newest;
    const oldest = all[0];
    if (newest !== undefined && oldest !== undefined && all.length >= PAGES_MAX) {
      if (nowMs - oldest.begunAtMs < READING_MAX_MS) return newest;
      for (const reader of [...oldest.readers]) reader.breakOff();
    }
    const begun = new Printing(this.#options.print(), nowMs);
    this.#printings.add(begun);
    return begun;
  }
}

/** One page, as far as it is printed: up to where the fastest of its readers is. */
class Printing {
  readonly begunAtMs: number;
  readonly readers = new Set<Reader>();
  readonly #pieces: Iterator<string>;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #isWhole = false;
  #printing: Promise<void> | undefined;
  #whole: Blob | undefined;

  constructor(pieces: Iterable<string>, begunAtMs: number) {
    this.#pieces = pieces[Symbol.iterator]();
    this.begunAtMs = begunAtMs;
  }

  /** Undefined behind the last one. Rejects with what the printing throws. */
  async chunk(index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (index >= this.#chunks.length && !this.#isWhole) await this.#printOn();
    return this.#chunks[index];
  }

  /** The page, the same for all who ask, or undefined if it is longer than `maxBytes`. */
  async whole(maxBytes: number): Promise<Blob | undefined> {
    while (this.#bytes <= maxBytes && !this.#isWhole) await this.#printOn();
    if (this.#bytes > maxBytes) return undefined;
    this.#whole ??= new Blob(this.#chunks);
    return this.#whole;
  }

  #printOn(): Promise<void> {
    this.#printing ??= this.#printSlice().finally(() => {
      this.#printing = undefined;
    });
    return this.#printing;
  }

  async #printSlice(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const endMs = performance.now() + SLICE_MAX_MS;
    let text = "";
    while (!this.#isWhole && text.length < CHUNK_MAX_CHARS && performance.now() < endMs) {
      const { done, value } = this.#pieces.next();
      if (done === true) this.#isWhole = true;
      else text += value;
    }
    if (text === "") return;
    const chunk = new TextEncoder().encode(text);
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }
}

class Reader {
  /** Undefined once it has left, so that a connection that ends later does not keep the page. */
  #printing: Printing | undefined;
  readonly #onLeave: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #next = 0;

  constructor(printing: Printing, onLeave: () => void) {
    this.#printing = printing;
    this.#onLeave = onLeave;
    printing.readers.add(this);
  }

  leave(): void {
    if (this.#printing?.readers.delete(this) === true) this.#onLeave();
    this.#printing = undefined;
  }

  /** Ends the connection in the middle of the page, so that nobody takes it for whole. */
  breakOff(): void {
    this.leave();
    this.#controller?.error(new Error("it was read too slowly"));
  }

  /** Asks for a chunk only once the last one is on its way, so that it is as slow as its socket. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: (controller) => this.#pull(controller),
        cancel: () => this.leave(),
      },
      { highWaterMark: 0 },
    );
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      const chunk = await this.#printing?.chunk(this.#next++);
      if (this.#printing === undefined) return;
      if (chunk !== undefined) return controller.enqueue(chunk);
      this.leave();
      controller.close();
    } catch (error) {
      this.leave();
      throw error;
    }
  }
}
