import * as z from "zod";

/** Field types that more than one dialect takes. */

const useNumber = { error: "Use a number." };

/** A number, or a string that holds one, as the seeds have both. Finite: a text may hold more digits than a number can. */
export const numeric = z
  .union([z.number(), z.string().regex(/^\s*[+-]?\d+(\.\d+)?\s*$/, useNumber)], useNumber)
  .transform(Number)
  .pipe(z.number(useNumber));

export const integer = numeric.pipe(z.number().int({ error: "Use a whole number." }));

/** A field that may be left out, also by writing `null` or `""`. */
export const optional = <Field extends z.ZodType>(field: Field) =>
  z.union([z.literal("").transform(() => undefined), field]).nullish();
