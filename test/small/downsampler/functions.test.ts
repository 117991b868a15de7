/** Goal: each function makes of a field what its name says, in a field of its own, whatever else the line has. */
import { describe, expect, test } from "bun:test";

import type { DownsampleFunction } from "../../../src/config/config.ts";
import { average, seriesOf } from "./average.ts";

const ALL: readonly DownsampleFunction[] = ["min", "max", "sum", "count", "first", "last"];

test("all of them together, of integers, floats, integers without a sign, booleans and strings", () => {
  expect(seriesOf(["t i=4i", "t i=-2i", "t i=7i"], { functions: ALL })).toEqual([
    "t i=3i,i_count=3i,i_first=4i,i_last=7i,i_max=7i,i_min=-2i,i_sum=9i",
  ]);
  expect(seriesOf(["t f=0.5", "t f=2e1", "t f=-1.25"], { functions: ALL })).toEqual([
    "t f=6.416666666666667,f_count=3i,f_first=0.5,f_last=-1.25,f_max=20,f_min=-1.25,f_sum=19.25",
  ]);
  expect(seriesOf(["t u=7u", "t u=9u"], { functions: ALL })).toEqual([
    "t u=8u,u_count=2i,u_first=7u,u_last=9u,u_max=9u,u_min=7u,u_sum=16u",
  ]);
  expect(seriesOf(["t b=T", "t b=false"], { functions: ALL })).toEqual([
    "t b=false,b_count=2i,b_first=T,b_last=false",
  ]);
  expect(seriesOf(['t s="a b"', 't s="\\"\\\\"'], { functions: ALL })).toEqual([
    't s="\\"\\\\",s_count=2i,s_first="a b",s_last="\\"\\\\"',
  ]);
});

test("each of them alone adds its field and no other", () => {
  const lines = ["t,a=b v=1i", "t,a=b v=4i", "t,a=b v=1i"];
  const alone = (name: DownsampleFunction) => seriesOf(lines, { functions: [name] });
  expect(alone("min")).toEqual(["t,a=b v=2i,v_min=1i"]);
  expect(alone("max")).toEqual(["t,a=b v=2i,v_max=4i"]);
  expect(alone("sum")).toEqual(["t,a=b v=2i,v_sum=6i"]);
  expect(alone("count")).toEqual(["t,a=b v=2i,v_count=3i"]);
  expect(alone("first")).toEqual(["t,a=b v=2i,v_first=1i"]);
  expect(alone("last")).toEqual(["t,a=b v=2i,v_last=1i"]);
  expect(seriesOf(lines)).toEqual(["t,a=b v=2i"]);
});

test("the smallest and the largest are exact to the ends of 64 bits", () => {
  const functions = ["min", "max"] as const;
  const values = [
    "9223372036854775806",
    "-9223372036854775807",
    "9223372036854775807",
    "0",
    "-9223372036854775808",
    "999999999",
    "-1000000001",
  ].map((value) => `t v=${value}i`);
  const expected = "v_max=9223372036854775807i,v_min=-9223372036854775808i";
  expect(seriesOf(values, { functions })).toEqual([`t v=0i,${expected}`]);
  expect(seriesOf([...values].reverse(), { functions })).toEqual([`t v=0i,${expected}`]);
  expect(seriesOf(["t v=-1000000005i", "t v=-1000000007i"], { functions })).toEqual([
    "t v=-1000000006i,v_max=-1000000005i,v_min=-1000000007i",
  ]);
  expect(seriesOf(["t v=1000000005i", "t v=1000000000i"], { functions })).toEqual([
    "t v=1000000002i,v_max=1000000005i,v_min=1000000000i",
  ]);
  expect(
    seriesOf(["t v=1i,f=1", "t v=1000000005i,f=-1.7976931348623157e308", "t f=1.5e308"], {
      functions,
    }),
  ).toEqual([
    "t f=-9.923104495410523e+306,f_max=1.5e+308,f_min=-1.7976931348623157e+308,v=500000003i,v_max=1000000005i,v_min=1i",
  ]);
});

test("the first and the last are as they were written", () => {
  const functions = ["first", "last"] as const;
  expect(seriesOf(["t v=1.50,i=007i", "t v=2.", "t v=1e3,i=-0i"], { functions })).toEqual([
    "t i=3i,i_first=007i,i_last=-0i,v=334.5,v_first=1.50,v_last=1e3",
  ]);
});

test("names keep their escapes and all fields stand in the order of their names", () => {
  expect(
    seriesOf(["t my\\ f=2i,my\\ f\\,x=4i,a\\\\\\=b=6i"], { functions: ["sum", "count"] }),
  ).toEqual([
    "t a\\\\\\=b=6i,a\\\\\\=b_count=1i,a\\\\\\=b_sum=6i,my\\ f=2i,my\\ f\\,x=4i,my\\ f\\,x_count=1i,my\\ f\\,x_sum=4i,my\\ f_count=1i,my\\ f_sum=2i",
  ]);
});

test("a field that came by the name keeps it", () => {
  expect(seriesOf(["t v=2i,v_min=50i", "t v=4i"], { functions: ["min"] })).toEqual([
    "t v=3i,v_min=50i,v_min_min=50i",
  ]);
  expect(seriesOf(['t v_sum="mine",v=2i'], { functions: ["sum"] })).toEqual([
    't v=2i,v_sum="mine"',
  ]);
});

describe("a sum that 64 bits do not hold", () => {
  test("is left out, and counted", () => {
    const lines = ["t v=9223372036854775807i,w=1i", "t v=9223372036854775807i,w=2i"];
    const { series, counts } = average(lines, { functions: ["sum"] });
    expect(series).toEqual(["t v=9223372036854775807i,w=1i,w_sum=3i"]);
    expect(counts).toMatchObject({ dropped_sums: 1, dropped_long_lines: 0 });
  });

  test("is not counted where there is nothing to add up", () => {
    expect(average(['t s="x",b=t'], { functions: ["sum"] }).counts.dropped_sums).toBe(0);
  });
});
