/** How much memory of a process is resident, in bytes, as the kernel has it. */
import { readFileSync } from "node:fs";

export function residentBytesOf(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** At most since its start. */
export function residentPeakBytesOf(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

function statusBytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(status)?.[1]) * 1024;
}
