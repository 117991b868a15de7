/** Profiles one of the filter's threads from outside: the thread is asked to do it, and answers with what came of it. */
import { SpoutError } from "../platform/errors.ts";
import type { FileBytes, Profiler } from "../platform/profiler.ts";
import type { AskProfiler, ProfilerAnswer } from "./messages.ts";

export class ThreadProfiler implements Profiler {
  readonly #number: number;
  readonly #post: (message: AskProfiler) => boolean;
  readonly #waiting = new Map<number, PromiseWithResolvers<FileBytes>>();
  #askedCount = 0;
  /** A thread that is started again knows nothing of what was started in the one before it. */
  #isStarted = false;

  /** `post` hands a message to the thread, or returns false if there is none at the moment. */
  constructor(number: number, post: (message: AskProfiler) => boolean) {
    this.#number = number;
    this.#post = post;
  }

  async start(intervalMs: number): Promise<void> {
    await this.#ask("start", intervalMs);
    this.#isStarted = true;
  }

  async stop(): Promise<FileBytes> {
    if (!this.#isStarted) throw this.#error("it died meanwhile");
    this.#isStarted = false;
    return this.#ask("stop");
  }

  heapSnapshot(): Promise<FileBytes> {
    return this.#ask("heapSnapshot");
  }

  hear({ id, bytes, problem }: ProfilerAnswer): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (problem === "") answer?.resolve(bytes);
    else answer?.reject(this.#error(problem));
  }

  /** Whoever waits for an answer is told that there will be none. */
  threadEnded(): void {
    this.#isStarted = false;
    for (const answer of this.#waiting.values()) answer.reject(this.#error("it died meanwhile"));
    this.#waiting.clear();
  }

  async #ask(method: keyof Profiler, intervalMs = 0): Promise<FileBytes> {
    const id = this.#askedCount++;
    if (!this.#post({ kind: "profiler", id, method, intervalMs })) {
      throw this.#error("it has died, and is not started again yet");
    }
    const answer = Promise.withResolvers<FileBytes>();
    this.#waiting.set(id, answer);
    return answer.promise;
  }

  #error(why: string): SpoutError {
    return new SpoutError(`cannot profile worker ${this.#number}: ${why}`);
  }
}
