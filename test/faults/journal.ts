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

export type ServerError = {
  at: number;
  sentAt: number;
  status: number;
  /** Method and path, or words. */
  what: string;
  code?: string;
  /** It was about a request that lies in object storage. */
  large?: boolean;
};

/** A time in which something was away; milliseconds. */
export type Outage = { from: number; to: number };

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
  /** Tasks whose content was removed, as their clients were told. */
  erased: Set<string>;
  /** Tasks that were accepted, and then not there, or over, and then not. */
  strange: { requestId: string; text: string }[];
  forged: ForgedEvent[];
  /** Vendor tasks of which an event reached the gateway, and was answered with 200. */
  delivered: Set<string>;
  eventsRelayed: number;
  /** When the gateway was killed, and answered again; milliseconds. */
  down: Outage[];
  /** When D1, or R2, failed whatever was asked of it. */
  recordAway: Outage[];
  filesAway: Outage[];
  /** How often the object alone ended, and how often a second one began beside the first. */
  deaths: number;
  secondLives: number;
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
    erased: new Set(),
    strange: [],
    forged: [],
    delivered: new Set(),
    eventsRelayed: 0,
    down: [],
    recordAway: [],
    filesAway: [],
    deaths: 0,
    secondLives: 0,
  };
}
