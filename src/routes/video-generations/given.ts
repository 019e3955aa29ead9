import type { Problem } from "../../http/api-error.ts";

/** A place in the client's body, without "body" in front. */
export type Place = (string | number)[];

/** A value and where the client wrote it. */
export type Given<Value> = { value: Value; place: Place };

/** What is wrong with a request, and what of it is doubted or left out, as it is found. */
export class Problems {
  readonly list: Problem[] = [];
  readonly doubts: Problem[] = [];

  add(place: Place, msg: string): void {
    this.list.push({ loc: ["body", ...place], msg, type: "value_error" });
  }

  /** Sent all the same. */
  doubt(place: Place, msg: string): void {
    this.doubts.push({ loc: ["body", ...place], msg, type: "doubtful" });
  }

  /** Left out of what is sent. */
  ignore(place: Place, msg: string): void {
    this.doubts.push({ loc: ["body", ...place], msg, type: "ignored" });
  }

  /** The one value among names for the same thing. Others must say the same. */
  one<Value>(candidates: readonly (Given<Value> | undefined)[]): Given<Value> | undefined {
    const [first, ...others] = candidates.filter((candidate) => candidate !== undefined);
    for (const other of others) {
      if (other.value !== first?.value) this.add(other.place, `Says otherwise than ${first?.place.join(".")}.`);
    }
    return first;
  }
}

/** A value at its place; undefined when there is none. */
export function given<Value>(value: Value | null | undefined, ...place: Place): Given<Value> | undefined {
  return value == null ? undefined : { value, place };
}
