import type { Locate } from "../model-check.ts";
import { namedVersion } from "../vendor-fields.ts";
import { type CreateAction, type VendorRequest, vendorRequest } from "../../vod/requests.ts";
import type { CreateBody } from "./schema.ts";

/** What a create call asks for, in the words of a draft. */
export type Translated = {
  action: CreateAction;
  request: VendorRequest;
  sessionId: string | undefined;
  sessionContext: string | undefined;
  namesApplication: boolean;
  locate: Locate;
};

/** The body is the vendor's request already, but for what the gateway sets itself. */
export function translate(action: CreateAction, body: CreateBody): Translated {
  const { SubAppId: application, SessionId: sessionId, SessionContext: sessionContext, ...request } = body;
  const namesApplication = application !== undefined;
  const ModelVersion = namedVersion(action, request.ModelName, request.ModelVersion);
  return {
    action,
    request: vendorRequest.parse({ ...request, ModelVersion }),
    sessionId,
    sessionContext,
    namesApplication,
    locate,
  };
}

const locate: Locate = (path) => ["body", ...path];
