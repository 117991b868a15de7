/** Under which counter those who publish lines count what the bus took and then lost. */
import type { Loss } from "../bus/bus.ts";

export const LOSS_COUNTERS = {
  unconfirmed: "lost_nats_lines",
  refused: "refused_nats_lines",
} as const satisfies Readonly<Record<Loss, string>>;
