/** The one figure of a benchmark that another run of it is compared with, in a form that a program can read. */

/** Prints `cost: <figure> <unit>`; lower is better. */
export function printCost(figure: number, unit: string): void {
  console.log(`cost: ${figure.toPrecision(4)} ${unit}`);
}

/** What {@link printCost} printed last, or undefined. */
export function readCost(output: string): { figure: number; unit: string } | undefined {
  const match = [...output.matchAll(/^cost: (\S+) (.+)$/gm)].at(-1);
  return match && { figure: Number(match[1]), unit: match[2] ?? "" };
}
