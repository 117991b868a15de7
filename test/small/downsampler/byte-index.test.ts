/** Goal: equal bytes have one number, different ones have different numbers, also where their hashes are the same. */
import { expect, test } from "bun:test";

import { ByteIndex, hashBytes } from "../../../src/downsampler/byte-index.ts";
import { ByteStore } from "../../../src/downsampler/byte-store.ts";
import { FieldTable } from "../../../src/downsampler/field-table.ts";
import { FIELD_FLOAT, FIELD_INTEGER } from "../../../src/line/fields.ts";
import { seededRandom } from "../../support/random.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("what was added is found, and nothing else, among texts of any length", () => {
  const random = seededRandom("byte index");
  const index = new ByteIndex(new ByteStore());
  const numbers = new Map<string, number>();
  for (let round = 0; round < 20_000; round++) {
    const length = random.oneIn(500) ? random.int(200_000) : random.int(12);
    const text = String.fromCharCode(97 + random.int(3)).repeat(length) + random.int(300);
    const bytes = encode(`x${text}x`);
    const hash = hashBytes(bytes, 1, bytes.length - 1);
    const number = index.find(bytes, 1, bytes.length - 1, hash);
    expect(number).toBe(numbers.get(text) ?? -1);
    if (number < 0) numbers.set(text, index.add(bytes, 1, bytes.length - 1, hash));
  }
  expect(index.count).toBe(numbers.size);
  for (const [text, number] of numbers) {
    expect(decode(index.bytes(number)) === text).toBe(true);
    const bytes = encode(text);
    expect(index.equals(number, bytes, 0, bytes.length)).toBe(true);
    expect(index.equals(number, bytes, 0, bytes.length - 1)).toBe(false);
  }
});

test("texts with the same hash stay apart", () => {
  const index = new ByteIndex(new ByteStore());
  const texts = Array.from({ length: 100 }, (_, number) => encode(`series ${number}`));
  const sameHash = -12_345;
  for (const [number, text] of texts.entries()) {
    expect(index.find(text, 0, text.length, sameHash)).toBe(-1);
    expect(index.add(text, 0, text.length, sameHash)).toBe(number);
  }
  for (const [number, text] of texts.entries()) {
    expect(index.find(text, 0, text.length, sameHash)).toBe(number);
  }
});

test("the hash tells bytes apart wherever they differ, and does not look around them", () => {
  const hashes = new Set<number>();
  for (let length = 0; length < 40; length++) {
    for (let at = 0; at < length; at++) {
      for (const byte of [0, 1, 128, 255]) {
        const bytes = new Uint8Array(length + 2).fill(7);
        bytes[at + 1] = byte;
        hashes.add(hashBytes(bytes, 1, length + 1));
      }
    }
  }
  expect(hashes.size).toBe((4 * 40 * 39) / 2);
  expect(hashBytes(encode("abc"), 0, 3)).toBe(hashBytes(encode("xabcy"), 1, 4));
});

test("the store keeps what is longer than a page, in one piece", () => {
  const store = new ByteStore();
  const texts = [10, 65_536, 5, 300_000, 65_530, 7, 0, 1].map((length, index) =>
    String(index).repeat(length),
  );
  const addresses = texts.map((text) => {
    const address = store.reserve(text.length);
    store.write(address, encode(text), 0, text.length);
    return address;
  });
  for (const [index, text] of texts.entries()) {
    expect(decode(store.view(addresses[index] ?? -1, text.length)) === text).toBe(true);
    expect(store.equals(addresses[index] ?? -1, encode(text), 0, text.length)).toBe(true);
  }
  expect(store.usedBytes).toBe(texts.join("").length);
});

test("fields are found by their series and name, and follow one another in the order in which they came", () => {
  const table = new FieldTable();
  const names = 7;
  for (let field = 0; field < 7000; field++) {
    const name = (field * 3) % names;
    const kind = name % 2 === 0 ? FIELD_FLOAT : FIELD_INTEGER;
    expect(table.add(Math.floor(field / names), name, kind)).toBe(field);
  }
  expect(table.count).toBe(7000);
  expect(table.find(1000, 0)).toBe(-1);
  expect(table.find(0, names)).toBe(-1);
  expect(table.first(1000)).toBe(-1);
  for (let series = 0; series < 1000; series++) {
    let field = table.first(series);
    for (let place = 0; place < names; place++) {
      const name = ((series * names + place) * 3) % names;
      expect(field).toBe(series * names + place);
      expect([table.name(field), table.kind(field)]).toEqual([
        name,
        name % 2 === 0 ? FIELD_FLOAT : FIELD_INTEGER,
      ]);
      expect(table.find(series, name)).toBe(field);
      field = table.next(field);
    }
    expect(field).toBe(-1);
  }
});
