/** A fault of an earlier version, put back: text of a file below src/dispatcher/ and what stands there instead. */
export type Mutant = {
  name: string;
  what: string;
  patches: { file: string; from: string; to: string }[];
  /** The storage does not fence off a life that was replaced. */
  unfenced?: boolean;
};

const SPEAKS =
  "const speaks = row && mine && row.finished_at === null && row.vendor_task_id === null && row.attempt === call.attempt;";

const FIRST = "if (row.calls === 1 && !exists) {";
const ANYHOW = "const speaks = row && mine && row.finished_at === null;";

/** Since absence is proved a second call is never made while the first may be answered: without that M1 and M2 cannot arise. */
const EARLY = {
  file: "doubt.ts",
  from: "return flight.callEndsAt + options.resendAfterMs;",
  to: "return flight.since + 2_000 + 0 * options.resendAfterMs;",
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "M1",
    what: "an old life's slow call says RequestLimitExceeded after the new one's was accepted: queued again",
    unfenced: true,
    patches: [EARLY, { file: "calls.ts", from: SPEAKS, to: ANYHOW }],
  },
  {
    name: "M2",
    what: "the same with LimitExceeded: failed",
    unfenced: true,
    patches: [
      EARLY,
      { file: "calls.ts", from: SPEAKS, to: ANYHOW },
      { file: "calls.ts", from: FIRST, to: "if (flight.call === 1 && !isNoRoom(code) && !exists) {" },
    ],
  },
  {
    name: "M3",
    what: "a client's fault in the refusal of a resend is taken as proof that nothing exists",
    patches: [{ file: "calls.ts", from: FIRST, to: 'if ((row.calls === 1 || rule.fault === "client") && !exists) {' }],
  },
  {
    name: "M4",
    what: "a look that fails, or runs out of pages, counts as absent",
    patches: [{ file: "doubt.ts", from: "const proved = outcome.complete && ", to: "const proved = " }],
  },
  {
    name: "M5",
    what: "the vendor's yes is forgotten when the record is away",
    patches: [
      {
        file: "calls.ts",
        from: "if (row?.finished_at === null) return accept(",
        to: "if (ledger.outbox.awaySince !== null) return;\n  if (row?.finished_at === null) return accept(",
      },
    ],
  },
  {
    name: "M6",
    what: "names lapse three days after the task came, also while it waits",
    patches: [
      {
        file: "take.ts",
        from: "row && row.finished_at !== null && row.finished_at + CLAIM_LIFETIME_MS <= now",
        to: "row && row.created_at + CLAIM_LIFETIME_MS <= now",
      },
    ],
  },
  {
    name: "M7",
    what: "sent again while the vendor may still be at work on the call before",
    patches: [EARLY],
  },
  {
    name: "M8",
    what: "an event whose vendor task id is not the known one is applied",
    patches: [
      {
        file: "inquire.ts",
        from: "if (row.vendor_task_id !== null && row.vendor_task_id !== vendorTaskId) {",
        to: "if (row.vendor_task_id === vendorTaskId + vendorTaskId) {",
      },
      {
        file: "inquire.ts",
        from: "if (known === null || known === vendorTaskId) apply(",
        to: "if (known !== undefined) apply(",
      },
    ],
  },
  {
    name: "M9",
    what: "the key of a signed create is given back when it is canceled",
    patches: [{ file: "finish.ts", from: 'const SIGNATURE_KEY = "tc3:";', to: 'const SIGNATURE_KEY = "nothing:";' }],
  },
  {
    name: "L1",
    what: "a task whose ending was not confirmed is not told again",
    patches: [
      {
        file: "outbox.ts",
        from: "        this.waiting.add(id);\n      }\n      this.batchRows",
        to: "      }\n      this.batchRows",
      },
    ],
  },
  {
    name: "L2",
    what: "what an old life was about to send is not taken up",
    patches: [
      {
        file: "load.ts",
        from: 'if (row.status !== "queued" && row.adopted === 0) takeBack',
        to: 'if (row.status === "running" && row.adopted === 0) takeBack',
      },
    ],
  },
  {
    name: "L3",
    what: "a new life takes up only what has waited for less than ten minutes",
    patches: [
      {
        file: "load.ts",
        from: 'if (row.status === "queued" && row.hint === null) return joinQueue',
        to: 'if (row.status === "queued" && row.created_at < now - 600_000) return;\n  if (row.status === "queued" && row.hint === null) return joinQueue',
      },
    ],
  },
  {
    name: "L4",
    what: "calls that fail in one instant count as one silence after the other",
    patches: [
      { file: "queue/pace.ts", from: "if (calledAt <= this.silentSince) return;", to: "if (calledAt < 0) return;" },
    ],
  },
  {
    name: "L5",
    what: "everything that is due is asked about at once, whatever is open",
    patches: [
      { file: "queue/connections.ts", from: "if (this.open >= this.limit) return undefined;", to: "" },
      { file: "queue/connections.ts", from: "this.others < Math.max(1, this.limit - 1)", to: "this.others < 1_000" },
    ],
  },
  {
    name: "L6",
    what: "a copy of an event stores what its client had removed",
    patches: [
      {
        file: "changes.ts",
        from: 'hint = NULL, submitted_at = iif(?7, submitted_at, NULL), ${entry("?6", "?8")}\n  WHERE id = ?1 AND status IN ${UNFINISHED} RETURNING id`;',
        to: 'told = 0, hint = NULL, submitted_at = iif(?7, submitted_at, NULL), ${entry("?6", "?8")}\n  WHERE id = ?1 RETURNING id`;',
      },
      {
        file: "inquire.ts",
        from: "if (!row || row.finished_at !== null || row.owner !== event.owner) return true;",
        to: "if (!row || row.owner !== event.owner) return true;",
      },
      {
        file: "inquire.ts",
        from: "if (row && row.finished_at === null) {\n    const known",
        to: "if (row) {\n    const known",
      },
    ],
  },
  {
    name: "L7",
    what: "the timer wakes the object again and again for what waits for something else",
    patches: [
      {
        file: "core.ts",
        from: "const later = (at: number) => (at > now ? at : Number.POSITIVE_INFINITY);",
        to: "const later = (at: number) => Math.max(at, now);",
      },
    ],
  },
  {
    name: "L8",
    what: "a task changes, and its version does not",
    patches: [{ file: "views.ts", from: "version: [row.status, row.attempt,", to: "version: [row.attempt," }],
  },
  {
    name: "L9",
    what: "an error code that nobody knows holds up everybody, like an outage",
    patches: [
      {
        file: "calls.ts",
        from: '(outcome.kind === "refused" && OUTAGE_CODES.has(outcome.code))',
        to: '(outcome.kind === "refused" && ruleOf(outcome.code).resend === "same_session")',
      },
    ],
  },
  {
    name: "L10",
    what: "each requeue makes the history longer",
    patches: [
      { file: "changes.ts", from: "const HISTORY_MAX_ENTRIES = 50;", to: "const HISTORY_MAX_ENTRIES = 1_000_000;" },
    ],
  },
  {
    name: "L11",
    what: "while creates are due nothing else gets a connection",
    patches: [
      {
        file: "queue/connections.ts",
        from: "if (wants.create && !(mayOther && isOverdue))",
        to: "if (wants.create)",
      },
    ],
  },
  {
    name: "L12",
    what: "a task that was finished without a file is believed to have none at once",
    patches: [{ file: "inquire.ts", from: "flight && !flight.emptySeen", to: "flight && flight.emptySeen === false" }],
  },
];
