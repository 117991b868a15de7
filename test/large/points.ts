/** What a database must hold in the end, point by point. */
import { expectEventually } from "../support/eventually.ts";
import type { Influxd, Row } from "../support/influxd.ts";

/** By measurement: each point with its time, its tags and its fields, in any order. */
export type Points = Readonly<Record<string, readonly Row[]>>;

/** Waits until the database holds these points, and no others. */
export async function expectPoints(
  influxd: Influxd,
  database: string,
  points: Points,
  deadlineMs: number,
): Promise<void> {
  const read = async () => {
    const found: Record<string, string[]> = {};
    for (const { name } of await influxd.query(database, "SHOW MEASUREMENTS")) {
      const rows = await influxd.query(database, `SELECT * FROM "${String(name)}"`);
      found[String(name)] = inOrder(rows);
    }
    return found;
  };
  const expected = Object.entries(points).map(([name, rows]) => [name, inOrder(rows)] as const);
  await expectEventually(read, Object.fromEntries(expected), deadlineMs);
}

/** A column that a point does not have is null. */
function inOrder(rows: readonly Row[]): string[] {
  return rows
    .map((row) => Object.entries(row).filter(([, value]) => value !== null))
    .map((columns) => JSON.stringify(columns.sort()))
    .sort();
}
