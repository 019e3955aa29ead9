import { createTc3Signer, type Tc3Signer } from "../../src/signing/tc3-signer.ts";

export type VendorBindings = { VOD_ENDPOINT: string; VOD_SECRET_ID: string; VOD_SECRET_KEY: string };

const MS_PER_SECOND = 1_000;

let signer: Tc3Signer | undefined;

/** Sends a body to the vendor as it is, signed with the gateway's own signer. */
export async function createAtVendor(bindings: VendorBindings, payload: string): Promise<Response> {
  const { VOD_ENDPOINT: endpoint, VOD_SECRET_ID: secretId, VOD_SECRET_KEY: secretKey } = bindings;
  signer ??= createTc3Signer({ credentials: { secretId, secretKey }, service: "vod" });
  const headers = await signer.sign({
    host: new URL(endpoint).host,
    action: "CreateAigcVideoTask",
    version: "2018-07-17",
    payload,
    timestamp: Math.floor(Date.now() / MS_PER_SECOND),
  });
  return fetch(endpoint, { method: "POST", headers, body: payload });
}
