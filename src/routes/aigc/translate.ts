import { renameMembers, toPascal } from "../../vod/names.ts";
import { type CreateAction, type VendorRequest, vendorRequest } from "../../vod/requests.ts";
import { namedVersion, withoutEmpty } from "../vendor-fields.ts";
import type { SubmitBody } from "./schema.ts";

/** The vendor's request for an AIGC body. Empty members are left out: to the vendor they are the same as absent ones. */
export function toVendorRequest(action: CreateAction, body: SubmitBody): VendorRequest {
  const {
    session_id: _sessionId,
    session_context: _sessionContext,
    start_timeout: _startTimeout,
    model_version: version,
    ext_info: extInfo,
    ...rest
  } = body;
  const request = {
    ...(renameMembers(withoutEmpty(rest), toPascal) as Record<string, unknown>),
    ModelVersion: namedVersion(action, body.model_name, version),
  };
  const extension = !extInfo ? "" : typeof extInfo === "string" ? extInfo : extensionText(extInfo);
  return vendorRequest.parse(extension ? { ...request, ExtInfo: extension } : request);
}

/**
 * `ext_info` is a string of JSON to the vendor, and its `AdditionalParameters` a string of JSON again; a missing layer
 * is silently ignored there, so objects get theirs here.
 */
function extensionText(extInfo: Record<string, unknown>): string {
  if (Object.keys(extInfo).length === 0) return "";
  const parameters = extInfo.AdditionalParameters;
  const layered = parameters !== null && typeof parameters === "object";
  return JSON.stringify(layered ? { ...extInfo, AdditionalParameters: JSON.stringify(parameters) } : extInfo);
}
