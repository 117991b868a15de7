/** Which machine and which process this is, as metrics tell it. */
import { hostname } from "node:os";

/** As the system had it when the process started. */
export const HOST_NAME: string = hostname();

/**
 * When this process was started, in whole milliseconds since 1970: what tells it from another one of the same name on the
 * same machine.
 */
export const STARTED_MS: number = Math.floor(performance.timeOrigin);
