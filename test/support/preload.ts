/**
 * Before each test file: a deadline that a busy machine keeps as well; Bun's five seconds are for tests that start
 * nothing. Bun goes back to its own with every file, so it is set whenever one is loaded. After all of them: what
 * several tests had in common is removed.
 */
import { afterAll, setDefaultTimeout } from "bun:test";

import { cleanUp } from "./at-end.ts";

const TIMEOUT_MS = 30_000;

Bun.plugin({
  name: "test timeout",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, async ({ path }) => {
      setDefaultTimeout(TIMEOUT_MS);
      return { contents: await Bun.file(path).text(), loader: "ts" };
    });
  },
});

afterAll(cleanUp);
