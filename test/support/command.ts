/** Runs another program to its end. */

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the tests' own environment; undefined takes one out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What it wrote to standard output; rejects with all that it wrote if it fails. */
export async function run(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await tryRun(command, options);
  if (exitCode !== 0) {
    throw new Error(`${command.join(" ")} ended with ${exitCode}:\n${stdout}${stderr}`);
  }
  return stdout;
}

/** However it ends. */
export async function tryRun(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = Bun.spawn([...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, stdout, stderr };
}
