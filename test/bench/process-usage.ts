/** What a process has used, as the Linux kernel accounts for it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface ProcessUsage {
  /** User and system time of all threads, in seconds. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The most that was ever resident. */
  readonly residentPeakBytes: number;
}

/** The kernel's clock ticks a second: 100 on every Linux that Bun runs on. */
const TICKS_PER_SECOND = 100;

export function processUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    residentBytes: kilobytes("VmRSS") * 1024,
    residentPeakBytes: kilobytes("VmHWM") * 1024,
  };
}

/** The machine that a figure belongs to, in one line. */
export function describeMachine(): string {
  const cpuInfo = readFileSync("/proc/cpuinfo", "utf8");
  const model = /^model name\s*:\s*(.*)$/m.exec(cpuInfo)?.[1] ?? "unknown processor";
  const receiveMax = readFileSync("/proc/sys/net/core/rmem_max", "utf8").trim();
  return `${navigator.hardwareConcurrency} x ${model}, net.core.rmem_max ${receiveMax}, Bun ${Bun.version}`;
}

/** From now on all threads of the process share one core. */
export function holdToOneCore(pid: number): void {
  const { success, stderr } = Bun.spawnSync(["taskset", "--all-tasks", "-pc", "0", String(pid)]);
  if (!success) throw new Error(`taskset: ${stderr.toString()}`);
}

/** Processor time of a process, finer than the kernel's ticks: by the threads, and what those have used that ended since. */
export class ProcessorTime {
  readonly #tasks: string;
  readonly #nanoseconds = new Map<string, number>();

  constructor(pid: number) {
    this.#tasks = `/proc/${pid}/task`;
  }

  /** In microseconds, of all threads that were there when this was asked. */
  read(): number {
    for (const thread of readdirSync(this.#tasks)) {
      const [nanoseconds] = readIfThere(join(this.#tasks, thread, "schedstat")).split(" ");
      if (nanoseconds !== "") this.#nanoseconds.set(thread, Number(nanoseconds));
    }
    return [...this.#nanoseconds.values()].reduce((sum, each) => sum + each, 0) / 1000;
  }
}

/** Empty once the thread has ended. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
