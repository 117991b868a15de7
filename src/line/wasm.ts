/**
 * A function of a few WebAssembly instructions, written out as bytes: the runtime has no other way to look at sixteen
 * bytes at once. It reads and writes nothing but its own memory.
 */

export interface WasmCode {
  /** How many parameters it has; they and its result are 32-bit integers. */
  readonly parameters: number;
  /** In pages of 64 KiB. */
  readonly memoryPages: number;
  /** Groups of local variables, as many as the first number says, then instructions up to and with the last `end`. */
  readonly body: readonly number[];
}

export interface WasmFunction {
  readonly call: (...parameters: number[]) => number;
  readonly memory: ArrayBuffer;
}

/** Undefined where WebAssembly has no SIMD instructions: on x64 they need AVX. */
export function instantiate({ parameters, memoryPages, body }: WasmCode): WasmFunction | undefined {
  const type = [0x60, ...sized(Array<number>(parameters).fill(I32)), ...sized([I32])];
  const bytes = new Uint8Array([
    ...[0x00, ...Buffer.from("asm"), 1, 0, 0, 0], // magic, version
    ...[1, ...sized([1, ...type])], // type 0
    ...[3, ...sized([1, 0])], // function 0 is of type 0
    ...[5, ...sized([1, 0, memoryPages])], // memory 0
    ...[7, ...sized([2, ...named("memory"), 2, 0, ...named("call"), 0, 0])], // exports
    ...[10, ...sized([1, ...sized(body)])], // the code of function 0
  ]);
  if (!WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return {
    call: exports["call"] as (...parameters: number[]) => number,
    memory: (exports["memory"] as WebAssembly.Memory).buffer as ArrayBuffer,
  };
}

const I32 = 0x7f;

/** A length of 7 bits a byte, the lowest first, and then so many bytes. */
function sized(bytes: readonly number[]): number[] {
  const { length } = bytes;
  return [...(length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]), ...bytes];
}

function named(name: string): number[] {
  return sized([...Buffer.from(name)]);
}
