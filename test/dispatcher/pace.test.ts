import * as fc from "fast-check";
import { describe, it } from "vitest";
import { CallWindow } from "../../src/dispatcher/queue/call-window.ts";
import { Pace } from "../../src/dispatcher/queue/pace.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe("CallWindow", () => {
  it("tells how many calls may be made now, and when the next", ({ expect }) => {
    const window = new CallWindow(2);
    expect([window.room(0), window.nextAt(0)]).toEqual([2, 0]);
    window.called();
    window.called();
    expect([window.room(5), window.nextAt(5)]).toEqual([0, 1_105]);
    window.landed(10);
    window.landed(30);
    expect([window.room(100), window.nextAt(100)]).toEqual([0, 1_110]);
    expect([window.room(1_110), window.nextAt(1_110)]).toEqual([1, 1_110]);
    expect(window.room(1_130)).toBe(2);
  });

  it("knows of calls made before a restart", ({ expect }) => {
    const window = new CallWindow(3);
    window.recall([900, 100, 500, 950]);
    expect([window.room(1_000), window.nextAt(1_000)]).toEqual([0, 1_600]);
    expect([window.room(1_600), window.room(3_000)]).toEqual([1, 3]);
  });

  it("does not wait for an hour because the clock went back by one", ({ expect }) => {
    const window = new CallWindow(1);
    window.called();
    window.landed(HOUR_MS);
    expect(window.nextAt(5_000)).toBe(6_100);
    expect(window.room(6_100)).toBe(1);
  });
});

describe("Pace", () => {
  /** A call that comes back at once, with nothing said of how. */
  function call(pace: Pace, at: number): number {
    pace.called(at);
    return at;
  }

  it("never lets more than its number of calls into any second", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 50 }),
        (rate, gaps) => {
          const pace = new Pace({ concurrency: 1, requestsPerSecond: rate });
          const made: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now = pace.nextCallAt(now + gap);
            expect(pace.mayCall(now)).toBe(true);
            pace.called(now);
            // Whenever the vendor counts it, between the decision and the answer.
            made.push(now + gap / 4);
            pace.landed(now + gap / 2, now);
          }
          for (const start of made) {
            expect(made.filter((at) => at >= start && at < start + 1_000).length).toBeLessThanOrEqual(rate);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("halves what runs at once when the vendor is full, and comes back one by one", ({ expect }) => {
    const pace = new Pace({ concurrency: 8, requestsPerSecond: 20 });
    pace.throttled(0);
    expect([pace.concurrency(0), pace.nextCallAt(0)]).toEqual([4, 1_000]);
    // One overload is many refusals.
    for (const at of [1_000, 1_001, 1_500]) pace.throttled(at);
    expect(pace.concurrency(1_500)).toBe(2);
    expect([pace.concurrency(31_500), pace.concurrency(61_500), pace.concurrency(1_000_000)]).toEqual([3, 4, 8]);
    pace.rest(1_000_000);
    expect([pace.concurrency(1_000_000), pace.nextCallAt(1_000_000)]).toEqual([8, 1_001_000]);
    // What was regained without anybody asking is not lost again.
    const unasked = new Pace({ concurrency: 8, requestsPerSecond: 20 });
    unasked.throttled(0);
    unasked.throttled(1_000_000);
    expect(unasked.concurrency(1_000_000)).toBe(4);
  });

  it("holds everything while the vendor is silent, longer each time a probe finds it so", ({ expect }) => {
    const pace = new Pace({ concurrency: 1, requestsPerSecond: 20 });
    let now = 0;
    const holds = Array.from({ length: 8 }, () => {
      const calledAt = call(pace, now);
      pace.landed(now + 1, calledAt);
      pace.silent(now + 1, calledAt);
      const until = pace.holdingUntil(now + 1) ?? 0;
      const pause = until - now - 1;
      expect([pace.mayCall(until - 1), pace.mayCall(until)]).toEqual([false, true]);
      now = until;
      return pause;
    });
    expect(holds).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    pace.answered();
    const calledAt = call(pace, now);
    pace.silent(now + 5, calledAt);
    expect(pace.holdingUntil(now + 5)).toBe(now + 1_005);
  });

  it("takes seven calls that fail in one instant for one outage", ({ expect }) => {
    const pace = new Pace({ concurrency: 10, requestsPerSecond: 20 });
    const calls = [0, 0, 1, 2, 3, 3, 14_999].map((at) => call(pace, at));
    for (const calledAt of calls) {
      pace.landed(15_000, calledAt);
      pace.silent(15_000, calledAt);
    }
    expect(pace.holdingUntil(15_000)).toBe(16_000);
    expect(pace.nextCallAt(15_000)).toBeGreaterThanOrEqual(16_000);
    // It is back: the first answer ends the outage.
    const probe = call(pace, 16_100);
    pace.landed(16_200, probe);
    pace.answered();
    expect([pace.holdingUntil(16_200), pace.mayCall(16_200)]).toEqual([null, true]);
  });

  it("does not hold for calls that were lost before the outage was known and end after it", ({ expect }) => {
    const pace = new Pace({ concurrency: 10, requestsPerSecond: 20 });
    const [first, second, third] = [call(pace, 0), call(pace, 900), call(pace, 4_000)];
    pace.landed(15_000, first);
    pace.silent(15_000, first);
    pace.landed(15_900, second);
    pace.silent(15_900, second);
    expect(pace.holdingUntil(15_900)).toBe(16_000);
    const probe = call(pace, 16_000);
    pace.landed(16_050, probe);
    pace.answered();
    pace.landed(19_000, third);
    pace.silent(19_000, third);
    expect(pace.mayCall(19_000)).toBe(true);
    // A call of later says something new.
    const later = call(pace, 19_000);
    pace.landed(20_000, later);
    pace.silent(20_000, later);
    expect(pace.holdingUntil(20_000)).toBe(21_000);
  });

  it("sends one probe at a time while the vendor is silent", ({ expect }) => {
    const pace = new Pace({ concurrency: 10, requestsPerSecond: 20 });
    const lost = call(pace, 0);
    // Another hangs, and is no probe.
    const hanging = call(pace, 500);
    pace.landed(1_000, lost);
    pace.silent(1_000, lost);
    expect(pace.mayCall(2_000)).toBe(true);
    const probe = call(pace, 2_000);
    expect([pace.mayCall(2_000), pace.mayCall(9_000)]).toEqual([false, false]);
    expect(pace.nextCallAt(9_000)).toBeGreaterThan(9_000);
    pace.landed(9_500, hanging);
    expect(pace.mayCall(9_500)).toBe(false);
    // A probe that was never made says nothing, and makes way for the next.
    pace.landed(10_000, probe);
    expect(pace.mayCall(10_000)).toBe(true);
    call(pace, 10_000);
    expect(pace.mayCall(10_001)).toBe(false);
    // Any answer will do.
    pace.answered();
    expect(pace.mayCall(10_002)).toBe(true);
  });

  it("goes on at once when a call is answered, also one from before", ({ expect }) => {
    const pace = new Pace({ concurrency: 10, requestsPerSecond: 20 });
    const [lost, slow] = [call(pace, 0), call(pace, 10)];
    pace.landed(100, lost);
    pace.silent(100, lost);
    expect(pace.mayCall(200)).toBe(false);
    pace.landed(200, slow);
    pace.answered();
    expect([pace.mayCall(200), pace.holdingUntil(200)]).toEqual([true, null]);
  });

  it("keeps the vendor's breath when it answers again", ({ expect }) => {
    const pace = new Pace({ concurrency: 10, requestsPerSecond: 20 });
    const lost = call(pace, 0);
    pace.landed(100, lost);
    pace.silent(100, lost);
    pace.rest(600);
    pace.answered();
    expect(pace.nextCallAt(700)).toBe(1_600);
  });

  it("is not stopped by a clock that went back", ({ expect }) => {
    const pace = new Pace({ concurrency: 4, requestsPerSecond: 20 });
    const late = call(pace, HOUR_MS);
    pace.landed(HOUR_MS, late);
    pace.throttled(HOUR_MS);
    pace.silent(HOUR_MS, late);
    expect(pace.nextCallAt(0)).toBeLessThanOrEqual(MINUTE_MS);
    expect([pace.concurrency(0), pace.concurrency(MINUTE_MS)]).toEqual([2, 4]);
    const lost = call(pace, MINUTE_MS);
    pace.landed(MINUTE_MS + 1, lost);
    pace.silent(MINUTE_MS + 1, lost);
    expect(pace.holdingUntil(MINUTE_MS + 1)).toBe(MINUTE_MS + 2_001);
  });
});
