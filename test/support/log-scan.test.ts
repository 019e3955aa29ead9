import { describe, it } from "vitest";
import { leakIn, offenceIn } from "./log-scan.ts";

describe("the scan of every test's log", () => {
  it.for([
    ["https://media.test/out.mp4?sign=1", "the URL of a file"],
    ["token rg1.0190.1.abc", "a session token"],
    ["key sk-test", "an API key"],
    ["Bearer abc", "an authorization header"],
    ["POST /callbacks/vod/local-callback", "the callback secret"],
  ] as const)("finds %j", ([line, what], { expect }) => {
    expect(leakIn(line)).toBe(what);
  });

  it("lets an event of ours pass", ({ expect }) => {
    expect(offenceIn([{ event: "task.submitted", request_id: "0190aaaa", attempt: 1 }])).toBeUndefined();
  });

  it("finds what is no event of ours", ({ expect }) => {
    expect(offenceIn(["some text"])).toContain("not one object");
    expect(offenceIn([{ event: "x" }, "more"])).toContain("not one object");
    expect(offenceIn([{ event: "x", body: "…" }])).toContain("body");
    expect(offenceIn([{ event: "x", error: "at https://store.test/a.mp4" }])).toBe("the URL of a file");
  });
});
