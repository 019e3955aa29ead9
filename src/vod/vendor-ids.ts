import type { VendorRequest } from "./requests.ts";

/*
 * Ids by which the vendor's account names what lies in it: files, subjects, voices, elements, tasks. The account is the
 * operator's, so to the vendor every id in it is as good as any other.
 */

/** Longer ones are not the vendor's: theirs have about 20. */
export const VENDOR_ID_MAX_CHARACTERS = 200;
/** Of one task: images come nine at a time, files of a scene six. */
const PRODUCED_IDS_MAX = 100;

/** Where a request holds something. */
export type Place = (string | number)[];

/** An id that a request names. `label`: the client may have made it up, to speak of it in its prompt (Vidu's `ObjectId`). */
export type NamedId = { id: string; label: boolean; place: Place };

/** What a request says of the vendor's account. */
export type AccountWords = {
  ids: NamedId[];
  /** Settings of the account itself: a task flow that runs, and is paid, behind each task, and the class of its files. */
  settings: Place[];
  /** Ids written as numbers so large that they are read as another. */
  unsafe: Place[];
};

/** Names in any spelling: unknown members go on to the vendor as they came. */
const plain = (name: string) => name.replaceAll("_", "").toLowerCase();

const ID = /(?:file|media|subject|voice|element|task)ids?$/;
const LABEL = /objectids?$/;
/** `SubjectInfos: [{Id}]`, `element_list: [{id}]`, or a list of the ids themselves. */
const LIST = /^(?:subject|voice|element)(?:infos|list|s)?$/;
const SETTING = /^(?:procedure|classid)$/;

type Role = "id" | "label" | "setting" | undefined;

function roleOf(name: string, list: boolean): Role {
  if (SETTING.test(name)) return "setting";
  if (LABEL.test(name)) return "label";
  return ID.test(name) || (list && name === "id") ? "id" : undefined;
}

/** JSON within `ExtInfo`: the vendor reads two layers of text in text. */
const INNER_LAYERS_MAX = 3;

/**
 * @param readInner JSON in a text of `ExtInfo`, within bounds of depth and size; undefined for other text
 */
export function accountWords(request: VendorRequest, readInner: (text: string) => unknown): AccountWords {
  const found: AccountWords = { ids: [], settings: [], unsafe: [] };

  function take(role: Role, value: string | number, place: Place): void {
    // The class of a file is 0 unless somebody says otherwise.
    if (role === undefined || value === "" || (role === "setting" && value === 0)) return;
    if (role === "setting") found.settings.push(place);
    else if (typeof value === "number" && !Number.isSafeInteger(value)) found.unsafe.push(place);
    else found.ids.push({ id: String(value).trim(), label: role === "label", place });
  }

  /** `layer`: in how many texts of JSON this lies; 0: in the request itself. */
  function walk(value: unknown, place: Place, around: { role: Role; list: boolean; layer: number }): void {
    if (typeof value === "string" && around.layer > 0 && around.layer <= INNER_LAYERS_MAX) {
      const inner = readInner(value);
      if (inner !== undefined) return walk(inner, place, { ...around, layer: around.layer + 1 });
    }
    if (typeof value === "string" || typeof value === "number") return take(around.role, value, place);
    if (Array.isArray(value)) {
      const role = around.role ?? (around.list ? "id" : undefined);
      for (const [index, item] of value.entries()) walk(item, [...place, index], { ...around, role });
      return;
    }
    if (value === null || typeof value !== "object") return;
    for (const [name, member] of Object.entries(value)) {
      const known = plain(name);
      const role = roleOf(known, around.list);
      const layer = around.layer === 0 && known === "extinfo" ? 1 : around.layer;
      walk(member, [...place, name], { role, list: LIST.test(known), layer });
    }
  }

  walk(request, [], { role: undefined, list: false, layer: 0 });
  return found;
}

/** Deeper, nothing is looked for: the vendor's own files lie three levels deep. */
const OUTPUT_DEPTH_MAX = 16;
const MADE = /(?:file|media|subject|voice|element|object)ids?$/;
/** Whether it is worth reading: of most tasks every such id is empty. */
const MAY_HOLD_IDS = /(?:file|media|subject|voice|element|object)_?ids?"\s*:\s*(?:"[^"]|\d|\[)/i;

/** The ids that a finished task's output holds. @param result JSON of the vendor's task, as it is stored */
export function producedIds(result: string): string[] {
  if (!MAY_HOLD_IDS.test(result)) return [];
  const ids = new Set<string>();
  function walk(value: unknown, isId: boolean, depth: number): void {
    const id = typeof value === "number" ? String(value) : value;
    if (isId && typeof id === "string" && id !== "" && id.length <= VENDOR_ID_MAX_CHARACTERS) ids.add(id);
    if (value === null || typeof value !== "object" || depth > OUTPUT_DEPTH_MAX) return;
    for (const [name, member] of Object.entries(value)) {
      if (ids.size >= PRODUCED_IDS_MAX) return;
      walk(member, Array.isArray(value) ? isId : MADE.test(plain(name)), depth + 1);
    }
  }
  walk((JSON.parse(result) as { Output?: unknown }).Output, false, 0);
  return [...ids];
}
