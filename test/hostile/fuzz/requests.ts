/*
 * Any request to any route, from one seed. Knows neither Workers nor Node: the tests send them to the application, the
 * benchmark over HTTP.
 */
import * as fc from "fast-check";
import { oddText, pathId, sendable } from "../odd.ts";
import { type ApiDescription, fieldsIn, type Place } from "../place.ts";
import { anyBody, type Body } from "./bodies.ts";

export type HostileRequest = {
  method: string;
  /** Path and query, as they go over the wire. */
  target: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer> | undefined;
  key: "all" | "reader" | "unknown" | "none";
  /** At "/": the action that is signed for with a key pair, over this very body. */
  action: string | undefined;
  /** A notification: is given the vendor's signature. */
  notification: boolean;
};

/** What a route of the gateway takes. */
export type Template = { method: string; path: string; good: unknown; places: Place[]; takesForms: boolean };

const CAR = { model_name: "Kling", model_version: "1.6", prompt: "a car" };
const VENDOR_CAR = { SubAppId: 251007502, ModelName: "Kling", ModelVersion: "2.1", Prompt: "a car" };

/** A body that each route takes, where it takes one. */
const GOOD: Record<string, unknown> = {
  "/tencent-vod/v1/aigc-video": CAR,
  "/tencent-vod/v1/aigc-image": { ...CAR, model_name: "GG", model_version: "3.0" },
  "/v1/video/generations": { model: "viduq3p-720p", prompt: "a car" },
  "/v1/videos": { prompt: "a car" },
  "/v1/videos/{id}/remix": { prompt: "a car" },
  "/": VENDOR_CAR,
  "/callbacks/vod/{secret}": {
    EventType: "AigcVideoTaskComplete",
    AigcVideoCompleteEvent: { TaskId: "VENDORS", Status: "FINISH", SessionId: "OWN-1", SessionContext: "TOKEN" },
  },
};

/** Routes that the API description leaves out. */
const OTHERS = [
  ["post", "/callbacks/vod/{secret}"],
  ["get", "/fal/proxy"],
  ["post", "/fal/proxy"],
  ["get", "/openapi.json"],
  ["get", "/healthz"],
  ["get", "/readyz"],
] as const;

/** Where odd values go in bodies whose schema the description does not have. */
const EVENT_PLACES: Place[] = [
  ["EventType"],
  ["AigcVideoCompleteEvent"],
  ["AigcVideoCompleteEvent", "TaskId"],
  ["AigcVideoCompleteEvent", "SessionContext"],
  ["AigcVideoCompleteEvent", "Output"],
  ["Sign"],
  ["T"],
];

export function templatesOf(description: ApiDescription): Template[] {
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method, path] as const),
  );
  return [...described, ...OTHERS].map(([method, path]) => ({
    method: method.toUpperCase(),
    path,
    good: GOOD[path] ?? {},
    places: path.startsWith("/callbacks/") ? EVENT_PLACES : fieldsIn(description, path, method),
    takesForms: path === "/v1/videos" || path.endsWith("/remix"),
  }));
}

/** What an attacker may know. */
export type Known = {
  /** A finished task of the caller's own, and one that may be removed. */
  own: string;
  spare: string;
  /** Another owner's. */
  victim: string;
  callbackSecret: string;
  /** Of the own task: the vendor's id, and the token that its events carry. */
  vendors: string;
  token: string;
};

const HEADERS =
  "idempotency-key prefer last-event-id if-none-match accept origin range content-encoding content-language cookie " +
  "x-fal-target-url x-fal-request-timeout x-fal-queue-priority x-fal-no-retry x-fal-store-io x-forwarded-host forwarded " +
  "x-stainless-retry-count x-tc-action x-tc-version x-tc-timestamp x-tc-token x-tc-content-sha256 user-agent te " +
  "access-control-request-method access-control-request-headers x-http-method-override";
const QUERIES =
  "dry_run status model_name session_id created_from created_to cursor limit after order logs wait variant remixes " +
  "fal_max_queue_length fal_webhook __proto__ Sign T Action";
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
const ACTIONS = ["CreateAigcVideoTask", "CreateAigcImageTask", "DescribeTaskDetail", "DescribeMediaInfos", "toString"];

const headerValue = fc
  .oneof(
    oddText,
    fc.constantFrom("wait=1", "1", "1.5", "*", "bytes=0-1", 'W/"a"', "VICTIM", "https://fal.run/v1/videos"),
  )
  .filter((text) => text.length < 2_000 && sendable(text));
const headers = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...HEADERS.split(" ")), headerValue), {
    maxLength: 4,
    selector: ([name]) => name,
  })
  .map((pairs) => Object.fromEntries(pairs));

const queryValue = fc.oneof(
  fc.constantFrom(
    "1",
    "0",
    "true",
    "100",
    "-1",
    "1e1",
    "asc",
    "queued",
    "COMPLETED",
    "VICTIM",
    "OWN",
    "%00",
    "%FF",
    "%",
  ),
  fc.constantFrom("2026-11-21T08:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-11-21T08:00:00%2B23:59", ""),
  oddText.filter((text) => text.length < 2_000).map((text) => encodeURIComponent(text.toWellFormed())),
);
const query = fc
  .array(fc.tuple(fc.constantFrom(...QUERIES.split(" ")), queryValue), { maxLength: 3 })
  .map((pairs) => (pairs.length > 0 ? `?${pairs.map((pair) => pair.join("=")).join("&")}` : ""));

/** Bodies can be wrong in more ways than queries. */
const WEIGHTS: Record<string, number> = { POST: 5 };

const rarely = <T>(usual: T, odd: fc.Arbitrary<T>, oneOf = 8): fc.Arbitrary<T> =>
  fc.oneof({ weight: oneOf - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });

/** Requests to all routes alike. */
export function hostileRequest(templates: readonly Template[], known: Known): fc.Arbitrary<HostileRequest> {
  const withIds = (text: string) =>
    text
      .replaceAll("VICTIM", known.victim)
      .replaceAll("OWN", known.own)
      .replaceAll("VENDORS", known.vendors)
      .replaceAll("TOKEN", known.token);
  const some = fc.oneof(
    ...templates.map((template) => ({ weight: WEIGHTS[template.method] ?? 1, arbitrary: fc.constant(template) })),
  );

  return some.chain((template) => {
    const { method, path, good, places, takesForms } = template;
    const isEvent = path.startsWith("/callbacks/");
    return fc
      .record({
        verb: rarely(method, fc.constantFrom(...METHODS)),
        id: fc.oneof({ weight: 2, arbitrary: fc.constantFrom("OWN", "VICTIM") }, { weight: 1, arbitrary: pathId }),
        secret: rarely(known.callbackSecret, pathId),
        search: query,
        headers,
        body: anyBody(JSON.parse(withIds(JSON.stringify(good))), places, takesForms),
        key: rarely<HostileRequest["key"]>("all", fc.constantFrom("reader", "unknown", "none")),
        action: fc.constantFrom(...ACTIONS, ...ACTIONS.slice(0, 3)),
        signed: rarely(true, fc.constant(false)),
        proxied: rarely(false, fc.constant(true), 12),
      })
      .map(({ verb, id, secret, search, body, proxied, signed, action, key, ...rest }): HostileRequest => {
        const where = path.replace("{secret}", () => secret).replace(/\{\w+\}/, () => id);
        const target = withIds(verb === "DELETE" ? where.replaceAll("OWN", known.spare) + search : where + search);
        const bodiless = verb === "GET" || verb === "HEAD";
        return {
          method: verb,
          target: proxied ? "/fal/proxy" : target,
          headers: {
            ...headersOf(rest.headers, withIds),
            ...(!bodiless && typeHeader(body)),
            ...(proxied && sendable(target) && { "x-fal-target-url": `https://queue.fal.run${target}` }),
          },
          body: bodiless ? undefined : body.bytes,
          key,
          action: path === "/" && signed && !proxied ? action : undefined,
          notification: isEvent && signed,
        };
      });
  });
}

const headersOf = (pairs: Record<string, string>, withIds: (text: string) => string) =>
  Object.fromEntries(Object.entries(pairs).map(([name, value]) => [name, withIds(value)]));

const typeHeader = ({ type }: Body) => (type !== "" && sendable(type) ? { "content-type": type } : {});
