import { describe, it } from "vitest";
import { leakIn, offenceIn } from "./log-scan.ts";

describe("the scan of every test's log", () => {
  it.for([
    ["https://media.test/out.mp4?sign=1", "the URL of a file"],
    ["token rg2.0190.1.YWNtZQ.abc", "a session token"],
    ["key sk-test", "an API key"],
    ["Bearer abc", "an authorization header"],
    ["POST /callbacks/vod/local-callback", "the callback secret"],
    ["derived from test-gateway-secret-0", "the root secret"],
  ] as const)("finds %j", ([line, what], { expect }) => {
    expect(leakIn(line)).toBe(what);
  });

  it("lets an event of ours pass", ({ expect }) => {
    expect(
      offenceIn([JSON.stringify({ event: "task.submitted", request_id: "0190aaaa", attempt: 1 })]),
    ).toBeUndefined();
  });

  it("finds what is no event of ours", ({ expect }) => {
    const line = (more: object) => JSON.stringify({ event: "x", ...more });
    expect(offenceIn(["some text"])).toContain("not JSON of one object");
    expect(offenceIn([{ event: "x" }])).toContain("not JSON of one object");
    expect(offenceIn([line({}), "more"])).toContain("not JSON of one object");
    expect(offenceIn([line({ body: "…" })])).toContain("body");
    expect(offenceIn([line({ error: "at https://store.test/a.mp4" })])).toBe("the URL of a file");
  });
});
