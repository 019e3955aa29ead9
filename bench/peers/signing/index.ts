import { AwsV4Signer } from "aws4fetch";
import { createTc3Signer, type Tc3Signer } from "../../../src/signing/tc3-signer.ts";
import { ACTION, CREDENTIALS, HOST, SERVICE, signMany } from "./task.ts";

/*
 * Signers in workerd. All do the same stages: hash of the body, canonical request, its hash, string to sign, signature,
 * header. Warm ones keep the day's key, as aws4fetch does in the cache it is given.
 */

const VERSION = "2018-07-17";
const MS_PER_SECOND = 1_000;

const credentials = { secretId: CREDENTIALS.id, secretKey: CREDENTIALS.key };
const newSigner = () => createTc3Signer({ credentials, service: SERVICE });
const warm = newSigner();
const awsKeys = new Map<string, ArrayBuffer>();

function tc3(signer: Tc3Signer, payload: string) {
  const timestamp = Math.floor(Date.now() / MS_PER_SECOND);
  return signer.sign({ host: HOST, action: ACTION, version: VERSION, payload, timestamp });
}

const WAYS = {
  warm: (payload: string) => tc3(warm, payload),
  cold: (payload: string) => tc3(newSigner(), payload),
  aws4fetch: (body: string) =>
    new AwsV4Signer({
      url: `https://${HOST}/`,
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8", "x-tc-action": ACTION },
      body,
      accessKeyId: CREDENTIALS.id,
      secretAccessKey: CREDENTIALS.key,
      service: SERVICE,
      region: "us-east-1",
      cache: awsKeys,
    }).sign(),
};

export default {
  fetch: (request: Request) => signMany(new URL(request.url), WAYS),
};
