/** What was heard in answer to a submission. */
export type SubmissionAnswer = {
  order: number;
  owner: string;
  /** `other_body`: sent on purpose under an Idempotency-Key that belongs to another request. */
  sent: "first" | "copy" | "again" | "other_body";
  status: number;
  requestId?: string;
  code?: string;
  replayed: boolean;
};

export type ServerError = { at: number; sentAt: number; status: number; what: string; code?: string };

export type ForgedEvent = {
  kind: string;
  vendorTaskId: string;
  /** Whether its very form proves the forgery. The others are hints, harmless because the vendor is asked. */
  mustBeRefused: boolean;
  status: number;
};

/** All that was seen from outside while the soak ran. */
export type Journal = {
  submissions: SubmissionAnswer[];
  serverErrors: ServerError[];
  /** Calls whose connection stood, and that were not answered. */
  timeouts: { at: number; sentAt: number; what: string }[];
  networkErrors: number;
  /** Orders without session_id and Idempotency-Key whose connection broke: a client must not repeat them. */
  unanswered: number[];
  /** Orders that could be repeated, were, and got no answer for as long as a client has patience. */
  gaveUp: number[];
  cancelsTried: number;
  /** Tasks whose cancellation was confirmed. */
  canceled: Set<string>;
  /** Tasks that were accepted, and then not there, or over, and then not. */
  strange: { requestId: string; text: string }[];
  forged: ForgedEvent[];
  /** Vendor tasks of which an event reached the gateway, and was answered with 200. */
  delivered: Set<string>;
  eventsRelayed: number;
  /** When the gateway was killed, and answered again; milliseconds. */
  down: { from: number; to: number }[];
};

export function newJournal(): Journal {
  return {
    submissions: [],
    serverErrors: [],
    timeouts: [],
    networkErrors: 0,
    unanswered: [],
    gaveUp: [],
    cancelsTried: 0,
    canceled: new Set(),
    strange: [],
    forged: [],
    delivered: new Set(),
    eventsRelayed: 0,
    down: [],
  };
}
