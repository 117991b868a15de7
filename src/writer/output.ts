/** Where the lines of a batch go. `influx-client.ts`, `file-output.ts` and `stdout-output.ts` fulfil it. */

export type WriteAnswer =
  /** The lines are where they should be. */
  | { readonly kind: "written" }
  /** These lines are refused, and would be again. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** They are not there, or not all of them; the same write may succeed later. */
  | { readonly kind: "retry"; readonly reason: string };

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
