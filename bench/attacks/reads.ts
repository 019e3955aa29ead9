import { type Attack, type AttackGroup, get, JSON_HEADERS, post, utf8 } from "./attack.ts";

const REQUESTS = "/tencent-vod/v1/requests";

/** Small requests whose answers, or the rows behind them, are as large as they can be. */
export const reads: AttackGroup = {
  title: "Reads of what is as large as it can be",
  attacks: ({ large }) => [
    ...Object.entries(large).flatMap(([state, id]) =>
      [
        `${REQUESTS}/${id}`,
        `${REQUESTS}/${id}/status?logs=1`,
        `/tencent-vod/v1/query/${id}`,
        `/v1/video/generations/${id}`,
        `/v1/videos/${id}`,
      ].map((target): Attack => ({ name: `GET ${target.replace(id, `{${state}}`)}`, request: () => get(target) })),
    ),
    ...[
      `${REQUESTS}?limit=100`,
      `${REQUESTS}?limit=100&status=COMPLETED&model_name=Nobody`,
      `${REQUESTS}?limit=100&session_id=nobody`,
      "/v1/videos?limit=100",
      "/v1/videos?limit=100&order=asc",
      "/v1/models",
      "/openapi.json",
    ].map((target): Attack => ({ name: `GET ${target}`, request: () => get(target) })),
    {
      name: "POST /v1/videos/{running}/remix?dry_run=1",
      request: () => post(`/v1/videos/${large.running}/remix?dry_run=1`, utf8('{"prompt":"a bus"}'), JSON_HEADERS),
    },
    {
      name: "POST /v1/videos/{running}/remix",
      lasts: true,
      request: () => post(`/v1/videos/${large.running}/remix`, utf8('{"prompt":"a bus"}'), JSON_HEADERS),
    },
  ],
};
