/**
 * Where a statement about a model comes from. `current` texts of the vendor are what it publishes now; `earlier` texts
 * have been published again since, without or with other limits; `observed` is what the vendor answered to somebody;
 * `third_party` repeats or uses the vendor's API without being the vendor.
 */
export type SourceKind = "current" | "earlier" | "observed" | "third_party";

type SourceEntry = { name: string; date: `${number}-${number}` | `${number}-${number}-${number}`; kind: SourceKind };

/** Dates are ISO 8601 days, or months where the day is not known. */
export const SOURCES = {
  sdk157: { name: "sdk-nodejs 4.1.157", date: "2025-12-24", kind: "earlier" },
  videoDocument: { name: "AIGC video API document", date: "2026-01", kind: "earlier" },
  imageDocument: { name: "AIGC image API document", date: "2026-01", kind: "earlier" },
  videoDocument2: { name: "AIGC video API document, second edition", date: "2026-03", kind: "earlier" },
  generationsDocument: { name: "video generations API document", date: "2026-03-26", kind: "earlier" },
  sdk202: { name: "sdk-nodejs 4.1.202", date: "2026-03-30", kind: "earlier" },
  sdk213: { name: "sdk-nodejs 4.1.213", date: "2026-04-14", kind: "earlier" },
  sdk223: { name: "sdk-nodejs 4.1.223", date: "2026-04-28", kind: "earlier" },
  guide: { name: "VOD AIGC access guide", date: "2026-04-30", kind: "current" },
  sdkJune: { name: "sdk-nodejs, June 2026", date: "2026-06", kind: "earlier" },
  observed: { name: "answers of the vendor", date: "2026-08-05", kind: "observed" },
  npm287: { name: "sdk-nodejs 4.1.287", date: "2026-08-07", kind: "current" },
  sdk299: { name: "sdk-nodejs 4.1.299", date: "2026-08-21", kind: "current" },
  intl1426: { name: "sdk-nodejs-intl-en 3.0.1426", date: "2026-08-21", kind: "current" },
  guideCopy: { name: "VOD AIGC access guide, third-party copy", date: "2026-09-10", kind: "third_party" },
  clients: { name: "third-party clients of the API", date: "2026-09-10", kind: "third_party" },
  observedSeptember: { name: "answers of the vendor", date: "2026-09-11", kind: "observed" },
  intlNew: { name: "sdk-nodejs-intl-en, October 2026", date: "2026-10", kind: "current" },
} as const satisfies Record<string, SourceEntry>;

export type SourceTag = keyof typeof SOURCES;

export type Source = { name: string; date: string };

/** The vendor's present text, in both of its editions that say the same. */
export const TEXT = ["sdk299", "intlNew"] as const satisfies readonly SourceTag[];

/** The vendor's newest public list of models. */
export const NEWEST_LIST: SourceTag = "intlNew";

/** The two editions of the AIGC video document, where they say the same. */
export const VIDEO_DOCUMENTS = ["videoDocument", "videoDocument2"] as const satisfies readonly SourceTag[];

export const kindOf = (tag: SourceTag): SourceKind => SOURCES[tag].kind;

/** As shown to clients, newest first. */
export function sourcesOf(tags: readonly SourceTag[]): Source[] {
  return [...new Set(tags)]
    .map((tag) => ({ name: SOURCES[tag].name, date: SOURCES[tag].date }))
    .toSorted((a, b) => compare(b.date, a.date));
}

/** The date of the newest of them. */
export function newestDate(tags: readonly SourceTag[]): string {
  return sourcesOf(tags)[0]?.date ?? "";
}

/** The date of the oldest of them. */
export function oldestDate(tags: readonly SourceTag[]): string {
  return sourcesOf(tags).at(-1)?.date ?? "";
}

/** ISO dates of either precision sort as text. */
const compare = (a: string, b: string) => Number(a > b) - Number(a < b);
