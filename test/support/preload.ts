/** Before the tests: a deadline that a busy machine keeps as well. Bun's five seconds are for tests that start nothing. */
import { setDefaultTimeout } from "bun:test";

setDefaultTimeout(30_000);
