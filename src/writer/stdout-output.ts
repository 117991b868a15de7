/** Writes to standard output, and waits for whoever reads it. */
import { messageOf, SpoutError } from "../platform/errors.ts";
import type { Output } from "./output.ts";

/**
 * A stream that has failed is not written to again, for nobody reads it any more, and part of a line may be out:
 * `onFailed` is told, once, and every write is rejected.
 */
export function createStdoutOutput(
  stream: NodeJS.WritableStream,
  onFailed: (error: Error) => void,
): Output {
  const target = "standard output";
  let failure: string | undefined;
  // Each write is told of its failure; without a listener the stream's own event would end the process.
  stream.on("error", () => {});

  function writeOnce(payload: Uint8Array): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    stream.write(payload, (error) => resolve(error ? messageOf(error) : undefined));
    return promise;
  }

  return {
    target,
    async write(payload) {
      const isFirstFailure = failure === undefined;
      failure ??= await writeOnce(payload);
      if (failure === undefined) return { kind: "written" };
      if (isFirstFailure) onFailed(new SpoutError(`cannot write to ${target}: ${failure}`));
      return { kind: "rejected", reason: failure };
    },
    abort() {},
    async close() {},
  };
}
