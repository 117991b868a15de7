/** Times that tests shorten. */
export interface NatsTimes {
  /** One attempt at one server. */
  readonly connectMaxMs: number;
  /** A frozen server is noticed within one to three of these. */
  readonly pingIntervalMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** After a connection that lasted this long the first retry comes quickly again. */
  readonly steadyMs: number;
  /**
   * After a time without a server, how long what is published is held although there is one again: a bit more than
   * {@link NatsTimes.retryMaxMs}, for those who are to receive it come back at a time of their own, and what reaches
   * the server before them is gone without a trace.
   */
  readonly settleMs: number;
  /** The time it takes until all servers of a cluster know of a subscription: so long it stands on both when it moves. */
  readonly moveMs: number;
  /** How soon what the server refuses is tried again: first, and at most. */
  readonly refusedFirstMs: number;
  readonly refusedMaxMs: number;
}

export const NATS_TIMES: NatsTimes = {
  connectMaxMs: 5_000,
  pingIntervalMs: 10_000,
  retryFirstMs: 100,
  retryMaxMs: 1_000,
  steadyMs: 10_000,
  settleMs: 1_500,
  moveMs: 1_000,
  refusedFirstMs: 500,
  refusedMaxMs: 10_000,
};
