import * as z from "zod";
import { createTc3Signer } from "../../src/signing/tc3-signer.ts";
import type { Tc3Credentials } from "../../src/signing/tc3.ts";
import { call } from "./http.ts";

const API_VERSION = "2018-07-17";
const SERVICE = "vod";
const HTTP_OK = 200;

const envelope = z.object({
  Response: z.looseObject({ Error: z.object({ Code: z.string(), Message: z.string().default("") }).optional() }),
});

export type VodAccount = { endpoint: string; subAppId: number; credentials: Tc3Credentials };

/** The vendor said no. */
export class VodRefusal extends Error {
  override readonly name = "VodRefusal";
}

/**
 * One call of the vendor's API for the account's application.
 * @returns the members of `Response`
 * @throws {VodRefusal} with the vendor's code and message
 * @throws {Error} when there is no usable answer
 */
export async function callVod(account: VodAccount, action: string, parameters: object): Promise<unknown> {
  const url = new URL(account.endpoint);
  const payload = JSON.stringify({ ...parameters, SubAppId: account.subAppId });
  const signer = createTc3Signer({ credentials: account.credentials, service: SERVICE });
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = await signer.sign({ host: url.host, action, version: API_VERSION, payload, timestamp });
  // In lower case, or `call` would send a content type of its own besides the signed one.
  const answer = await reach(url, action, Object.fromEntries(new Headers(headers)), payload);
  const parsed = envelope.safeParse(answer.body);
  if (answer.status !== HTTP_OK || !parsed.success) {
    throw new Error(`${action}: ${url.origin} answered with HTTP ${answer.status} and not as VOD does`);
  }
  const { Error: refusal, ...response } = parsed.data.Response;
  if (refusal) throw new VodRefusal(`${action} was refused: ${refusal.Code}: ${refusal.Message}`);
  return response;
}

async function reach(url: URL, action: string, headers: Record<string, string>, text: string) {
  try {
    return await call(url.href, { method: "POST", headers, text });
  } catch (error) {
    throw new Error(`${action}: ${url.origin} cannot be reached`, { cause: error });
  }
}
