/** What probes and profiles have in common: a server that stands around whatever is started, and outlives it. */
import type { Running } from "./lifecycle.ts";

/** Stops `server` behind what `start` has started, or at once if that cannot start; rejects with its error then. */
export async function startBehind(
  server: { stop(): Promise<void> },
  start: () => Promise<Running>,
): Promise<Running> {
  const started = await start().catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return {
    name: started.name,
    ready: () => started.ready(),
    alive: () => started.alive?.() ?? true,
    metrics: () => started.metrics(),
    failed: started.failed,
    async stop(deadline) {
      const report = await started.stop(deadline);
      await server.stop();
      return report;
    },
  };
}
