/** The name of an image, after the grammar in github.com/distribution/reference. What the archive holds: large/image. */
import { expect, test } from "bun:test";

import { checkImageName } from "../../../build/oci.ts";

test("names with and without a registry are taken", () => {
  for (const name of [
    "influx-spout",
    "site/influx-spout",
    "registry.example/foo",
    "registry.example:5000/team/influx_spout.x",
    "localhost:5000/foo",
    "a--b/c__d",
  ]) {
    expect(() => checkImageName(name)).not.toThrow();
  }
});

test("what is no name, or has a tag or a digest, is refused", () => {
  for (const name of [
    "",
    "Foo",
    "foo:1.0",
    "registry.example/foo:1.0",
    "foo@sha256:0123",
    "foo/",
    "/foo",
    "foo//bar",
    "foo..bar",
    "-foo",
    "foo bar",
    "https://registry.example/foo",
  ]) {
    expect(() => checkImageName(name)).toThrow(`--name: expected a lower-case name without a tag`);
  }
});
