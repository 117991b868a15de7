/**
 * In which ways an expression can match, as far as literals tell: most lines are judged by them alone, without a string
 * of the line. They are read off the program that re2js has made of the expression and would run, so that there is no
 * second opinion on what an expression means. What is not understood here makes a way promise less, never more.
 */
import type { RE2JS } from "re2js";

import { ANYTHING, Literals, NOTHING, type Piece, SOMETHING } from "./literals.ts";

/** One way to match. */
export interface Way {
  /** Every text without a newline that is matched in this way has these. */
  readonly literals: Literals;
  /** True if, the other way round, every such text that has them is matched. */
  readonly isExact: boolean;
}

/** Above this many ways, trying them costs more than it saves. */
const WAYS_MAX = 32;
/** Up to here, each character of a class makes a way of its own. */
const CLASS_MAX = 4;

/** What is read of re2js's `Inst`, whose class has the values of `op` under their names. */
interface Instruction {
  readonly op: number;
  readonly out: number;
  readonly arg: number;
  /** The characters that it takes: one, or pairs of the first and the last of a range. */
  readonly runes: ArrayLike<number>;
  readonly constructor: unknown;
}
type Program = readonly Instruction[];

type Kind = "jump" | "fork" | "character" | "any character" | "place" | "match" | "fail";
const KINDS: Readonly<Record<string, Kind>> = {
  NOP: "jump",
  CAPTURE: "jump",
  ALT: "fork",
  RUNE: "character",
  RUNE1: "character",
  RUNE_ANY: "any character",
  RUNE_ANY_NOT_NL: "any character",
  EMPTY_WIDTH: "place",
  MATCH: "match",
  FAIL: "fail",
};

/** Values of `arg` of a place. */
const BEGIN_TEXT = 4;
const END_TEXT = 8;

/** Decoding puts it where bytes are no UTF-8, so it is found where its own bytes are not. */
const REPLACEMENT = 0xfffd;

/** How far into a program, and what a text must have to get there. */
interface Path {
  readonly at: number;
  /** The forks on the way: to come to one again is a loop. */
  readonly forks: readonly number[];
  readonly pieces: readonly Piece[];
  /** The last piece, which may still grow. */
  readonly literal: string;
  readonly inFront: number;
  readonly isExact: boolean;
}

const START = { at: 0, forks: [], pieces: [], literal: "", inFront: ANYTHING, isExact: true };

/** If `expression` finds something in a text without a newline, then in one of these ways. */
export function waysToMatch(expression: RE2JS): readonly Way[] {
  const { inst, start } = expression.re2().prog as { inst: Program; start: number };
  const paths: Path[] = [{ ...START, at: start }];
  const ways: Way[] = [];
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    const next = follow(path, inst);
    if ("isExact" in next) ways.push(next);
    else paths.push(...next);
    if (paths.length + ways.length > WAYS_MAX) return [wayOf({ ...START, isExact: false })];
  }
  return ways;
}

/** What comes of `path` by its next instruction: other paths, or a way. */
function follow(path: Path, program: Program): readonly Path[] | Way {
  const { at, forks } = path;
  const instruction = program[at] as Instruction;
  const { out, arg } = instruction;
  switch (kindOf(instruction)) {
    case "jump":
      return [{ ...path, at: out }];
    case "fail":
      return [];
    case "match":
      return wayOf(path);
    case "place":
      if (arg === BEGIN_TEXT && isAtStart(path)) return [{ ...path, at: out, inFront: NOTHING }];
      if (arg === END_TEXT && isMatch(out, program)) return wayOf(path, true);
      return [{ ...path, at: out, isExact: false }];
    case "character":
    case "any character": {
      const behind = behindLoop(out, at, program);
      if (behind !== undefined) return [{ ...skip(path, SOMETHING, instruction), at: behind }];
      const characters = charactersOf(instruction);
      if (characters === undefined) {
        return [{ ...skip(path, SOMETHING, instruction), at: out, isExact: false }];
      }
      return characters.map((taken) => ({ ...path, at: out, literal: path.literal + taken }));
    }
    case "fork": {
      for (const branch of [out, arg]) {
        const behind = behindLoop(at, branch, program);
        if (behind !== undefined) {
          return [{ ...skip(path, ANYTHING, program[branch] as Instruction), at: behind }];
        }
      }
      if (forks.includes(at)) break;
      return [out, arg].map((branch) => ({ ...path, at: branch, forks: [...forks, at] }));
    }
  }
  return wayOf({ ...path, isExact: false });
}

/** Where it goes on behind the fork at `fork`, if that only repeats the one character at `character`. */
function behindLoop(fork: number, character: number, program: Program): number | undefined {
  const repeated = program[character] as Instruction;
  const isRepeated = kindOf(repeated)?.endsWith("character") && repeated.out === fork;
  const { out, arg } = program[fork] as Instruction;
  if (!isRepeated || kindOf(program[fork] as Instruction) !== "fork") return undefined;
  if (out === character) return arg;
  return arg === character ? out : undefined;
}

/** The path with room for characters that are not told apart: at least `room` of the kind that `instruction` takes. */
function skip(path: Path, room: number, instruction: Instruction): Path {
  const before = closed(path);
  const isTwice = before.inFront === SOMETHING && room === SOMETHING;
  const isExact = path.isExact && kindOf(instruction) === "any character" && !isTwice;
  return { ...before, inFront: Math.max(before.inFront, room), isExact };
}

/** The path, its last piece among the others if it is one. */
function closed(path: Path): Path {
  const { pieces, literal, inFront } = path;
  if (literal === "") return path;
  return { ...path, pieces: [...pieces, { literal, inFront }], literal: "", inFront: NOTHING };
}

function wayOf(path: Path, isAtLineEnd = false): Way {
  const { pieces, literal, inFront, isExact } = path;
  const isPiece = literal !== "" || inFront === SOMETHING || isAtLineEnd;
  const all = isPiece ? [...pieces, { literal, inFront }] : pieces;
  return { literals: new Literals(all, isAtLineEnd), isExact };
}

/** True if no character has been taken: `.*` in front takes none if need be. */
function isAtStart({ pieces, literal, inFront }: Path): boolean {
  return pieces.length === 0 && literal === "" && inFront !== SOMETHING;
}

function isMatch(at: number, program: Program): boolean {
  const instruction = program[at] as Instruction;
  const kind = kindOf(instruction);
  return kind === "match" || (kind === "jump" && isMatch(instruction.out, program));
}

/** Each character that `instruction` takes, or undefined if they are many, or are not known by their bytes. */
function charactersOf({ runes, arg }: Instruction): string[] | undefined {
  // A flag says that the other case is taken too.
  if (!runes || arg !== 0) return undefined;
  const taken: number[] = [];
  for (let range = 0; range < runes.length; range += 2) {
    const first = runes[range] as number;
    const last = runes[range + 1] ?? first;
    for (let rune = first; rune <= last; rune++) {
      if (taken.push(rune) > CLASS_MAX || !isKnownByBytes(rune)) return undefined;
    }
  }
  return taken.map((rune) => String.fromCodePoint(rune));
}

function isKnownByBytes(rune: number): boolean {
  const isSurrogate = rune >= 0xd800 && rune <= 0xdfff;
  return rune !== REPLACEMENT && !isSurrogate;
}

function kindOf({ op, constructor: names }: Instruction): Kind | undefined {
  const values = names as Readonly<Record<string, unknown>>;
  const name = Object.keys(KINDS).find((each) => values[each] === op);
  return name === undefined ? undefined : KINDS[name];
}
