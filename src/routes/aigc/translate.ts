import { renameMembers, toPascal } from "../../vod/names.ts";
import { type VendorRequest, vendorRequest } from "../../vod/requests.ts";
import type { SubmitBody } from "./schema.ts";

/** The vendor's request for an AIGC body. Empty members are left out: to the vendor they are the same as absent ones. */
export function toVendorRequest(body: SubmitBody): VendorRequest {
  const {
    session_id: _sessionId,
    session_context: _sessionContext,
    start_timeout: _startTimeout,
    ext_info: extInfo,
    ...rest
  } = body;
  const request = renameMembers(withoutEmpty(rest), toPascal) as Record<string, unknown>;
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

/** A JSON value without its `null` and `""` members, at every level. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (value === null || typeof value !== "object") return value;
  const present = Object.entries(value).filter(
    ([, member]) => member !== undefined && member !== null && member !== "",
  );
  return Object.fromEntries(present.map(([name, member]) => [name, withoutEmpty(member)]));
}
