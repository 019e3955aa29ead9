import type * as z from "zod";
import type { VendorContext } from "../context.ts";
import { VendorError } from "../errors.ts";
import { parseRequest } from "../parse.ts";

export type Call = {
  /** Scheme, host and port the call was sent to. */
  origin: string;
};

/** Takes a parsed JSON body; gives the members of `Response` without RequestId. */
export type Action = (context: VendorContext, body: unknown, call: Call) => object | Promise<object>;

type WithSubApp = { SubAppId?: number | undefined };

/** Parses the body, checks the sub application, then runs. */
export function defineAction<S extends z.ZodType<WithSubApp>>(
  schema: S,
  run: (context: VendorContext, request: z.output<S>, call: Call, body: unknown) => object | Promise<object>,
): Action {
  return (context, body, call) => {
    const request = parseRequest(schema, body);
    if (request.SubAppId !== undefined && request.SubAppId !== context.settings.subAppId)
      throw new VendorError("InvalidParameterValue.SubAppId", "Incorrect parameter value: application id.");
    return run(context, request, call, body);
  };
}
