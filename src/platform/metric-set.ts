/**
 * What a component counts, as it tells it: to the monitor subject, and to whoever asks its probe port. How that is
 * written down is in `metrics/`.
 */

/** Numbers that belong together because they are about the same thing: a component, or a part of it. */
export interface MetricSet {
  /** In line protocol: `spout_stat_filter`, `spout_stat_filter_rule`. */
  readonly measurement: string;
  /**
   * What the numbers are about, with the tags that 1.x had, if it had the measurement. The first one is the component's
   * kind and name: `{ filter: "sorter", rule: "hosts" }`.
   */
  readonly tags: Readonly<Record<string, string>>;
  /** What 1.x did not tell, and what tells it from others of the same name: tags as well, behind those of 1.x. */
  readonly details?: Readonly<Record<string, string>>;
  /** Cumulative since the process started, in the order of their declaration. */
  readonly counts: Readonly<Record<string, number>>;
}
