/** Which machine this is: what metrics call `host`. */
import { hostname } from "node:os";

/** As the system had it when the process started. */
export const HOST_NAME: string = hostname();
