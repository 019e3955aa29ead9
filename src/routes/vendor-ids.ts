import type { Context } from "hono";
import { ApiError, type Problem } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { MAX_JSON_VALUES, parseJson } from "../http/json.ts";
import { rejectInvalid } from "../http/problems.ts";
import { judgeIds } from "../tasks/vendor-ids.ts";
import type { VendorRequest } from "../vod/requests.ts";
import { accountWords, type Place, VENDOR_ID_MAX_CHARACTERS } from "../vod/vendor-ids.ts";
import { locateSnakeCase, type Locate } from "./model-check.ts";

/** No request of the vendor's has a use for more. */
const IDS_MAX = 100;

/** The kind of problem of an id that is not this owner's to use. */
export const FOREIGN_ID = "foreign_id";

/**
 * Holds what a request names in the vendor's account, which all owners share, against who asks.
 * @throws {ApiError} `forbidden` for settings of the account without the scope `vendor`, `validation_error` for ids that
 *   are others', or unknown where those are refused
 */
export async function checkVendorIds(
  c: Context<AppEnv>,
  { request, locate = locateSnakeCase }: { request: VendorRequest; locate?: Locate | undefined },
): Promise<void> {
  const problem = (place: Place, msg: string, type = "value_error"): Problem => ({ loc: locate(place), msg, type });
  const { ids, settings, unsafe } = accountWords(request, innerReader(locate));
  const { owner, scopes } = c.get("caller");
  const [setting] = settings;
  if (setting && !scopes.has("vendor")) {
    const name = locate(setting).slice(1).join(".");
    const problems = settings.map((place) => problem(place, 'The scope "vendor" is required.', "forbidden"));
    throw new ApiError("forbidden", `${name}: This key does not have the scope "vendor".`, { problems });
  }
  if (unsafe.length > 0) rejectInvalid(unsafe.map((place) => problem(place, "Write this id as text.")));
  if (ids.length > IDS_MAX) {
    const last = ids[IDS_MAX]?.place ?? [];
    rejectInvalid([problem(last, `Name at most ${IDS_MAX} ids.`)]);
  }
  const strange = await strangers(c, owner, ids);
  // One wording for both: whether there is such an id is not to be learnt from it.
  const msg = "This id was not made here for you.";
  if (strange.length > 0) rejectInvalid(strange.map(({ place }) => problem(place, msg, FOREIGN_ID)));
}

async function strangers(c: Context<AppEnv>, owner: string, ids: ReturnType<typeof accountWords>["ids"]) {
  const known = ids.filter(({ id }) => id.length <= VENDOR_ID_MAX_CHARACTERS);
  const tooLong = ids.filter((id) => !known.includes(id) && !id.label);
  const { others, unknown } = await judgeIds(
    c.get("services"),
    owner,
    known.map(({ id }) => id),
  );
  // What a client has made up for its own prompt is nobody's.
  const refused = known.filter(({ id, label }) => others.has(id) || (!label && unknown.has(id)));
  return [...tooLong, ...refused];
}

/** Reads JSON within `ExtInfo`; its texts together are held to what a body is held to. */
function innerReader(locate: Locate): (text: string) => unknown {
  let valuesLeft = MAX_JSON_VALUES;
  const reject = (msg: string) => rejectInvalid([{ loc: locate(["ExtInfo"]), msg, type: "value_error" }]);
  return (text) => {
    const trimmed = text.trim();
    if (!/^[[{]/.test(trimmed)) return undefined;
    let parsed: ReturnType<typeof parseJson>;
    try {
      parsed = parseJson(trimmed, valuesLeft);
    } catch {
      return undefined;
    }
    if ("unfit" in parsed) return reject(parsed.unfit.msg);
    const { value, size } = parsed;
    valuesLeft -= size.values;
    // Of a member that is there twice we would see the last one, and the vendor perhaps the first.
    if (membersOf(value) !== size.members) reject("Write each member once.");
    return value;
  };
}

function membersOf(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  const inner = Object.values(value) as unknown[];
  const own = Array.isArray(value) ? 0 : inner.length;
  return inner.reduce<number>((sum, member) => sum + membersOf(member), own);
}
