import type { Agent } from "node:http";
import { vod } from "tencentcloud-sdk-nodejs-vod";
import { gatewayVars } from "../../scripts/lib/local-env.ts";

type Client = InstanceType<typeof vod.v20180717.Client>;
export type CreateRequest = Parameters<Client["CreateAigcVideoTask"]>[0];

/** The official SDK's client for the local account. Without an agent it opens a connection for each call. */
export function sdkClient(vodEndpoint: string, agent?: Agent): Client {
  const { VOD_SECRET_ID: secretId, VOD_SECRET_KEY: secretKey } = gatewayVars({});
  const { host, protocol } = new URL(vodEndpoint);
  return new vod.v20180717.Client({
    credential: { secretId, secretKey },
    region: "",
    profile: { httpProfile: { endpoint: host, protocol: `${protocol}//`, ...(agent && { agent }) } },
  });
}

/** The vendor's request for a body of the AIGC dialect: the same members, in the vendor's spelling. */
export function createRequest(body: Record<string, unknown>): CreateRequest {
  const { VOD_SUB_APP_ID: subAppId } = gatewayVars({});
  return { ...(inPascalCase(body) as Omit<CreateRequest, "SubAppId">), SubAppId: Number(subAppId) };
}

function inPascalCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inPascalCase);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [pascal(name), inPascalCase(member)]));
}

function pascal(name: string): string {
  return name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/** Whether the vendor said no, in which case nothing was made; else the call was not answered. */
export function isRefusal(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && "requestId" in error && Boolean(error.requestId);
}
