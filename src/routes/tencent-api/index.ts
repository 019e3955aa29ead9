import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import * as z from "zod";
import type { Scope } from "../../auth/scopes.ts";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { checkJson } from "../../http/body.ts";
import { limitSize } from "../../http/body-size.ts";
import { isJson } from "../../http/media-type.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { countRequest } from "../../http/request-limit.ts";
import { countStranger, refuseFlood } from "../../http/strangers.ts";
import { readTask, requestToShow } from "../../tasks/read.ts";
import { seenBy } from "../seen-by.ts";
import { tencentError } from "./errors.ts";
import { renderDetail } from "./render.ts";
import { createBody, describeBody, parseDescribe } from "./schema.ts";
import { submit } from "./submit.ts";

export { tencentApiDialect } from "./errors.ts";

const API_VERSION = "2018-07-17";

type Action = {
  scope: Scope;
  run: (c: Context<AppEnv>, json: unknown, signed: AppEnv["Variables"]["signed"]) => Promise<Record<string, unknown>>;
};

const ACTIONS = new Map<string, Action>([
  [
    "CreateAigcVideoTask",
    { scope: "submit", run: (c, json, signed) => submit(c, "CreateAigcVideoTask", signed, json) },
  ],
  [
    "CreateAigcImageTask",
    { scope: "submit", run: (c, json, signed) => submit(c, "CreateAigcImageTask", signed, json) },
  ],
  ["DescribeTaskDetail", { scope: "read", run: describeTask }],
]);

/** The vendor's own API (seed 004), for its SDKs with a key pair of ours. */
export const tencentApiRoutes = createRouter();

tencentApiRoutes.openAPIRegistry.registerPath({
  method: "post",
  path: "/",
  summary: "Tencent Cloud API 3.0: CreateAigcVideoTask, CreateAigcImageTask, DescribeTaskDetail",
  description: "Signed with TC3-HMAC-SHA256 and a key pair of the gateway's. Errors come with HTTP 200, too.",
  security: [],
  request: {
    headers: z.object({
      authorization: z.string(),
      "x-tc-action": z.enum(["CreateAigcVideoTask", "CreateAigcImageTask", "DescribeTaskDetail"]),
      "x-tc-version": z.literal(API_VERSION),
      "x-tc-timestamp": z.string(),
    }),
    body: { required: true, content: { "application/json": { schema: z.union([createBody, describeBody]) } } },
  },
  responses: { 200: answer("The answer, or an error") },
});

/** Before anything of the body is read. */
const refuseStranger = createMiddleware<AppEnv>(async function refuse(c, next) {
  let lookedUp = false;
  const claim = await c.get("services").tc3KeyRing.claim(c.req.raw.headers, () => {
    refuseFlood(c);
    lookedUp = true;
  });
  if (!claim.ok) {
    if (lookedUp) await countStranger(c);
    throw tencentError(claim.code, claim.message);
  }
  c.set("secretId", claim.secretId);
  // Whose signatures under this id have been wrong too often.
  refuseFlood(c, claim.secretId);
  await next();
});

/** Its bytes are read for their hash, which is signed; nothing is made of them before the signature is seen to be right. */
const verifySignature = createMiddleware<AppEnv>(async function verify(c, next) {
  for (const name of ["Action", "Version"]) commonParameter(c, name);
  const { caller, ...signed } = await authenticate(c);
  c.set("caller", caller);
  c.set("signed", signed);
  await countRequest(c, caller);
  await next();
});

tencentApiRoutes.post("/", refuseStranger, limitSize, verifySignature, checkJson, async (c) => {
  const actionName = commonParameter(c, "Action");
  const version = commonParameter(c, "Version");
  const caller = c.get("caller");
  if (version !== API_VERSION) throw tencentError("NoSuchVersion", `The version \`${version}\` does not exist.`);
  const action = ACTIONS.get(actionName);
  if (!action) throw tencentError("InvalidAction", `The action \`${actionName}\` does not exist here.`);
  if (!caller.scopes.has(action.scope))
    throw new ApiError("forbidden", `This key pair does not have the scope "${action.scope}".`);
  return c.json(await action.run(c, await readJson(c), c.get("signed")));
});

function commonParameter(c: Context<AppEnv>, name: string): string {
  const value = c.req.header(`x-tc-${name.toLowerCase()}`);
  if (!value) throw tencentError("MissingParameter", `The request is missing a required parameter \`${name}\`.`);
  return value;
}

async function authenticate(c: Context<AppEnv>) {
  const { tc3KeyRing, config } = c.get("services");
  const identity = await tc3KeyRing.identify({
    headers: c.req.raw.headers,
    url: c.req.url,
    publicHost: config.publicUrl && new URL(config.publicUrl).host,
    body: await c.req.arrayBuffer(),
  });
  if (!identity.ok) {
    await countStranger(c, c.get("secretId"));
    throw tencentError(identity.code, identity.message);
  }
  return identity;
}

async function readJson(c: Context<AppEnv>): Promise<unknown> {
  if (!isJson(c.req.header("content-type")))
    throw new ApiError("unsupported_media_type", "Send JSON, with the header `Content-Type: application/json`.");
  try {
    return await c.req.json();
  } catch {
    throw new ApiError("malformed_json", "The request body is not valid JSON.");
  }
}

async function describeTask(c: Context<AppEnv>, json: unknown): Promise<Record<string, unknown>> {
  const services = c.get("services");
  const { owner } = c.get("caller");
  const task = await readTask(services, owner, parseDescribe(json, services.config.vod.subAppId));
  if (!task) throw tencentError("InvalidParameterValue.TaskId", "The TaskId does not exist.");
  if (task.deletedAt !== null) throw tencentError("ResourceNotFound", "The content of this task was removed.");
  return renderDetail(services.deps, seenBy(c.get("caller"), task), await requestToShow(services, owner, task));
}
