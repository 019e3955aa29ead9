import { createServer } from "node:http";
import { createRequire } from "node:module";
import { serve } from "./child.ts";
import { CREDENTIALS, HOST, SERVICE, signMany } from "./signing/task.ts";

/*
 * The official SDK's signer in Node, which derives the day's key for every signature. `sdk` is given bytes, as the other
 * signers are given a body that is there; `sdk-object` is given the object, as the SDK's own client does it.
 */

type Sign3 = (input: {
  method: "POST";
  url: string;
  payload: object;
  timestamp: number;
  service: string;
  secretId: string;
  secretKey: string;
  headers: Record<string, string>;
}) => string;

const { default: signer } = createRequire(import.meta.url)(
  "tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js",
) as { default: { sign3: Sign3 } };

const MS_PER_SECOND = 1_000;

const objects = new Map<string, object>();

function sign(payload: object): string {
  return signer.sign3({
    method: "POST",
    url: `https://${HOST}/`,
    payload,
    timestamp: Math.floor(Date.now() / MS_PER_SECOND),
    service: SERVICE,
    secretId: CREDENTIALS.id,
    secretKey: CREDENTIALS.key,
    headers: { "Content-Type": "application/json" },
  });
}

const WAYS = {
  sdk: (body: string) => sign(Buffer.from(body)),
  "sdk-object": (body: string) => {
    const object = objects.get(body) ?? (JSON.parse(body) as object);
    objects.set(body, object);
    return sign(object);
  },
};

serve(
  createServer((request, response) => {
    signMany(new URL(request.url ?? "/", `http://${HOST}`), WAYS).then(
      async (answer) => response.writeHead(answer.status).end(await answer.text()),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }),
);
