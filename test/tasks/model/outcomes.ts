/** How the vendor's tasks end. */
export const NO_ROOM = "RequestLimitExceeded";
export const VENDOR_FAILURE = "ContentModerationFailed";

export const OUTCOMES = {
  success: "success",
  failure: { ErrCode: 70_000, ErrCodeExt: VENDOR_FAILURE, Message: "Refused after a look at it." },
  no_room: { ErrCode: 70_000, ErrCodeExt: NO_ROOM, Message: "Too many at once." },
} as const;
export type Outcome = keyof typeof OUTCOMES;
