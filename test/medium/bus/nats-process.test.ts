/** What a bus does to its process. Method: processes of their own, and how they end. */
import { expect, test } from "bun:test";

import { startNatsServer } from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";

async function run(what: string, server: string) {
  const child = Bun.spawn(
    [process.execPath, `${import.meta.dir}/process-fixture.ts`, what, server],
    {
      stderr: "pipe",
      timeout: 8_000,
      killSignal: "SIGKILL",
    },
  );
  const complaint = await new Response(child.stderr).text();
  return { exitCode: await child.exited, complaint };
}

test("leaves nothing that keeps the process alive, once closed", async () => {
  await using server = await startNatsServer();
  const clean = { exitCode: 0, complaint: "" };
  expect(await run("close-connected", server.address)).toEqual(clean);
  expect(await run("close-unconnected", `127.0.0.1:${freePort()}`)).toEqual(clean);

  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  expect(await run("close-unconnected", `127.0.0.1:${silent.port}`)).toEqual(clean);
  silent.stop(true);
});

test("ends the process, and shows the stack, when a handler of ours throws or rejects", async () => {
  await using server = await startNatsServer();
  for (const what of ["throw", "reject", "throw-dropped"]) {
    const { exitCode, complaint } = await run(what, server.address);
    expect({ what, exitCode }).toEqual({ what, exitCode: 1 });
    expect(complaint).toMatch(/error: deliberate\n\s+at fail /);
  }
});
