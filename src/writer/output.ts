/** Where the lines of a batch go. `influx-client.ts`, `file-output.ts` and `stdout-output.ts` fulfil it. */

export type WriteAnswer =
  /** The lines are where they should be. */
  | { readonly kind: "written" }
  /** Lines are refused, and would be again: `refusedLines` of them, or all if that is not known. */
  | { readonly kind: "rejected"; readonly reason: string; readonly refusedLines?: number }
  /** None of them is taken, because it is too much at once; a part of them may be. */
  | { readonly kind: "too-large"; readonly reason: string }
  | RetryAnswer;

/** The lines are not there, or not all of them; the same write may succeed later. */
export interface RetryAnswer {
  readonly kind: "retry";
  readonly reason: string;
  /** From now on; left out where nobody has said. */
  readonly retryAfterMs?: number;
}

/** Why a write was not begun, or was broken off, after {@link Output.abort}. */
export const GIVEN_UP = "given up because the writer stops";

export interface Output {
  /** Where the lines go, without credentials: for log lines. */
  readonly target: string;
  /** Writes newline-ended lines; `payload` must not change until the answer is there. Never rejects. */
  write(payload: Uint8Array): Promise<WriteAnswer>;
  /** Ends the writes under way: if they are not done, their answer is "retry". */
  abort(): void;
  /** Nothing more will be written: resolves once what goes on beside the writes has ended. Never rejects. */
  close(): Promise<void>;
}
