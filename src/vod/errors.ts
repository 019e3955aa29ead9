/** What is kept of the vendor's own words. */
export const CODE_MAX_CHARACTERS = 200;
export const MESSAGE_MAX_CHARACTERS = 2_000;

/**
 * One row per vendor code: whose fault it is, what the client is told, whether the same create call may be sent again,
 * and whether the client's `session_id` is given back.
 *
 * Codes and their meaning: tencent-vod facts §4.3 and §5.2. `resend`: `yes` = rejected before execution;
 * `fresh_timestamp` = once, signed anew; `same_session` = it may have been executed, so only under the vendor's
 * SessionId, which refuses a second execution; `no` = the same request gets the same answer.
 */
export type VendorErrorRule = {
  fault: "client" | "operator" | "capacity" | "vendor";
  httpStatus: number;
  resend: "yes" | "fresh_timestamp" | "same_session" | "no";
  session: "release" | "keep";
};

const client = (httpStatus = 422): VendorErrorRule => ({
  fault: "client",
  httpStatus,
  resend: "no",
  session: "release",
});
// Our credentials, account or release are at fault. 500 and not 502: clients repeat a 502 at once, which cannot help.
const operator: VendorErrorRule = { fault: "operator", httpStatus: 500, resend: "no", session: "release" };
const ambiguous: VendorErrorRule = { fault: "vendor", httpStatus: 502, resend: "same_session", session: "keep" };
const busy: VendorErrorRule = { fault: "capacity", httpStatus: 429, resend: "yes", session: "release" };
// 402 and not 429: every client repeats a 429, and an exhausted quota does not come back by itself.
const quota: VendorErrorRule = { fault: "capacity", httpStatus: 402, resend: "no", session: "release" };

/** The vendor's answer to a SessionId it has seen: the first call with it was accepted. */
export const DUPLICATE_SESSION_CODES: ReadonlySet<string> = new Set([
  "InvalidParameterValue.SessionId",
  "FailedOperation.TaskDuplicate",
]);

/**
 * The vendor itself is in trouble, whatever is asked of it. Not `FailedOperation`, which is one model's backlog, nor a
 * code nobody knows: they speak of one request, and must not hold up the others.
 */
export const OUTAGE_CODES: ReadonlySet<string> = new Set([
  "InternalError",
  "ServiceUnavailable",
  "ResourceUnavailable",
]);

const RULES = new Map<string, VendorErrorRule>(
  Object.entries({
    InvalidParameter: client(),
    InvalidParameterValue: client(),
    "InvalidParameterValue.SubAppId": operator,
    MissingParameter: client(),
    UnknownParameter: client(),
    UnsupportedOperation: client(),
    ResourceNotFound: client(),
    InvalidRequest: client(),
    RequestSizeLimitExceeded: client(413),

    AuthFailure: operator,
    "AuthFailure.SignatureExpire": { ...operator, resend: "fresh_timestamp" },
    UnauthorizedOperation: operator,
    "FailedOperation.InvalidVodUser": operator,
    InvalidAction: operator,
    ActionOffline: operator,
    NoSuchVersion: operator,
    NoSuchProduct: operator,
    UnsupportedRegion: operator,
    UnsupportedProtocol: operator,
    IpInBlacklist: operator,
    IpNotInWhitelist: operator,

    RequestLimitExceeded: busy,
    LimitExceeded: quota,
    ResourceInsufficient: quota,

    InternalError: ambiguous,
    ServiceUnavailable: ambiguous,
    ResourceUnavailable: ambiguous,
    FailedOperation: ambiguous,

    "InvalidParameterValue.SessionId": ambiguous,
  }),
);

/** The rule of a code, else of its family (`AuthFailure.X` → `AuthFailure`). A code nobody knows is taken as ambiguous. */
export function ruleOf(code: string): VendorErrorRule {
  const family = code.split(".", 1)[0] ?? code;
  return RULES.get(code) ?? RULES.get(family) ?? ambiguous;
}

/**
 * HTTP status for a task that was accepted and then failed (`ErrCodeExt`, tencent-vod facts §2.1): 422 where another
 * request would succeed, 500 where it is the vendor's failure. Never 429 or 503, which make clients fetch a final
 * result over and over. 410 for what somebody stopped: its own client, or whoever else may in the vendor's account. That
 * is nobody's failure, and as final.
 */
export function statusOfFailure(code: string): number {
  const callersFault =
    /^(InvalidParameter|ContentModeration|ResourceNotFound|MissingParameter|UnknownParameter|40000$|60000$)/;
  if (code === "canceled" || code === "aborted") return 410;
  return callersFault.test(code) ? 422 : 500;
}
