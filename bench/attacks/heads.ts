import { type Attack, type AttackGroup, DRY_RUN, get, type HttpRequest, JSON_HEADERS, post, utf8 } from "./attack.ts";

/** The platform takes 128 KB of headers, and 16 KB of URL; the local runtime a little less of the one and more of the other. */
const HEADER_CHARACTERS = 60_000;
const URL_CHARACTERS = 60_000;

const NOBODYS = "01a1fc4c-0000-7000-8000-000000000000";
const STATUS = `/tencent-vod/v1/requests/${NOBODYS}/status`;
const VIDEO = `/tencent-vod/v1/aigc-video${DRY_RUN}`;

const filled = (before: string, unit: string, after = "", characters = HEADER_CHARACTERS) =>
  before + unit.repeat((characters - before.length - after.length) / unit.length) + after;

/** All different, so that no two of them are one label of a name twice. */
const ideographs = Array.from({ length: HEADER_CHARACTERS / 9 }, (_, index) =>
  encodeURIComponent(String.fromCodePoint(0x4e00 + index)),
).join("");

const VALUES: Record<string, string[]> = {
  authorization: [
    filled("Bearer ", " ", "x"),
    filled("Bearer ", "x "),
    filled("Bearer ", "x"),
    filled("TC3-HMAC-SHA256 Credential=", "a/"),
  ],
  prefer: [filled("", "wait="), filled("", ","), filled("", " "), filled("wait=", "1")],
  "idempotency-key": [filled('"', "a", '"'), filled("", '"')],
  "if-none-match": [filled("", ", "), filled("", 'W/"a",'), filled("", ","), filled("", " ", "x")],
  "last-event-id": [filled("", "9"), filled("", " ", "x")],
  "x-fal-request-timeout": [filled("", "1"), filled("", " ", "x"), filled("1.", "1")],
  "content-type": [
    filled("application/json;", " ", "x"),
    filled("application/json", ";a=b"),
    filled("application/", "a+", "json"),
    filled("application/", "a.", "+json"),
    filled("multipart/form-data", "; boundary="),
    filled("multipart/form-data;", " "),
    filled('multipart/form-data; boundary="', "b"),
  ],
  origin: [filled("https://", "a")],
  range: [filled("bytes=", "0-1,")],
  "user-agent": [filled("", "x")],
  "x-stainless-retry-count": [filled("", "1")],
  "access-control-request-headers": [filled("", " ", "x"), filled("", "a,")],
};

/** A header of every route it may matter to. */
export const headers: AttackGroup = {
  title: "Headers",
  attacks: () => [
    ...Object.entries(VALUES).flatMap(([name, values]) =>
      values.flatMap((value) =>
        Object.entries(ROUTES).map(([route, send]): Attack => ({
          name: `${route}: ${name}: ${value.slice(0, 40)}…`,
          request: () => send({ [name]: value }),
        })),
      ),
    ),
    ...[
      `https://${ideographs}.fal.run/`,
      filled("https://", "%E4%B8%80", ".fal.run/"),
      filled("https://", "xn--a.", "fal.run/"),
      filled("https://", "a@", "fal.run/"),
      filled("https://fal.run/", "../"),
      filled("https://fal.run/?", "'"),
      filled("https://fal.run/v1/models/", "%C4%B0"),
    ].map((target): Attack => ({
      name: `/fal/proxy to ${target.slice(0, 40)}…`,
      request: () => get("/fal/proxy", { "x-fal-target-url": target }),
    })),
    {
      name: "1,000 headers",
      request: () => get(STATUS, Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x-${index}`, "a"]))),
    },
  ],
};

type Send = (headers: Record<string, string>) => HttpRequest;

const ROUTES: Record<string, Send> = {
  status: (more) => get(STATUS, more),
  submission: (more) =>
    post(VIDEO, utf8('{"model_name":"Kling","model_version":"1.6","prompt":"a"}'), { ...JSON_HEADERS, ...more }),
  form: (more) =>
    post(`/v1/videos${DRY_RUN}`, utf8("prompt=a"), { "content-type": "application/x-www-form-urlencoded", ...more }),
  preflight: (more) => ({
    method: "OPTIONS",
    target: VIDEO,
    headers: { origin: "https://page.test", "access-control-request-method": "POST", ...more },
  }),
};

const LIST = "/tencent-vod/v1/requests";
const TARGETS: Record<string, [before: string, unit: string, after?: string]> = {
  "a path of slashes": ["/", "/"],
  "a path of short parts": ["/", "a/"],
  "a path of dots": ["/v1/", "../"],
  "an id that is no UTF-8": [`${LIST}/`, "%E4"],
  "an id of ideographs": [`${LIST}/`, "%E4%B8%80"],
  "an id of percent signs": [`${LIST}/`, "%"],
  "a long id": ["/v1/videos/", "a", "/content"],
  "a model's name whose case is two letters": ["/v1/models/", "%C4%B0"],
  "a long callback secret": ["/callbacks/vod/", "a"],
  "unknown names": [`${LIST}?`, "a=1&"],
  "one name again and again": [`${LIST}?`, "limit=1&"],
  "nothing but separators": [`${LIST}?`, "&"],
  "a limit of percent signs": [`${LIST}?limit=`, "%"],
  "a limit of digits": [`${LIST}?limit=`, "1"],
  "a limit of spaces": [`${LIST}?limit=`, "%20"],
  "a time with a long fraction": [`${LIST}?created_from=2026-11-21T08:00:00.`, "1", "Z"],
  "a time again and again": [`${LIST}?created_from=`, "2026-11-21T08:00:00+"],
  "a long cursor": [`${LIST}?cursor=`, "0-"],
  "a long status": [`${LIST}?status=`, "a"],
  "a long model name": [`${LIST}?model_name=`, "%C4%B0"],
  "a long wait": [`${STATUS}?wait=`, "1"],
  "a long word for dry_run": ["/v1/videos?dry_run=", "1"],
  "a long variant": [`/v1/videos/${NOBODYS}/content?variant=`, "%22"],
  "plus signs": [`${LIST}?session_id=`, "+"],
};

/** Paths and queries. */
export const targets: AttackGroup = {
  title: "URLs",
  attacks: () =>
    Object.entries(TARGETS).map(([name, [before, unit, after]]): Attack => ({
      name,
      request: () => {
        const target = filled(before, unit, after, URL_CHARACTERS);
        return target.startsWith("/callbacks/") ? post(target, utf8("{}")) : get(target);
      },
    })),
};
