import {
  type Attack,
  type AttackGroup,
  DRY_RUN,
  filled,
  filledJson,
  HOLE,
  JSON_HEADERS,
  many,
  post,
  SPECIAL_CHARACTERS,
  utf8,
  VALUES,
} from "./attack.ts";
import { BODIES, each, GENERATIONS, NEXT, openOf, shaped, VIDEO } from "./json-bodies.ts";

/** Bodies within all limits on count and depth, and at them. */
export const structure: AttackGroup = {
  title: "JSON full of values",
  attacks: () => [
    ...each((path, _body, open) => [
      shaped(path, "unknown members", () => utf8(`${open},${many(VALUES, (index) => `"a${index}":1`)}}`)),
      shaped(path, "unknown members of two words", () =>
        utf8(`${open},${many(9_000, (index) => `"a_b_${index}":1`)}}`),
      ),
      shaped(path, "unknown members with capitals", () => utf8(`${open},${many(VALUES, (index) => `"A${index}":1`)}}`)),
      shaped(path, "unknown members of 200 characters", () =>
        utf8(`${open},${many(VALUES, (index) => `"${"a_".repeat(97)}${index}":1`)}}`),
      ),
      shaped(path, "500 unknown members of 195 characters", () =>
        utf8(`${open},${many(500, (index) => `"${"a_".repeat(96)}${index}":1`)}}`),
      ),
      shaped(path, "empty objects", () => utf8(`${open},"next":[${many(VALUES / 2, () => "{}")}]}`)),
      shaped(path, "empty lists in a list at the last level", () =>
        utf8(`${open},"next":${"[".repeat(29)}${many(VALUES / 2, () => "[]")}${"]".repeat(29)}}`),
      ),
    ]),
    ...listAttacks(),
    ...["metadata", "extra_body"].flatMap((field) =>
      Object.entries(INNER).map(([name, text]) => generationWith(field, name, text)),
    ),
    ...Object.entries(INNER).map(([name, text]): Attack => ({
      name: `${VIDEO}: ext_info as text, ${name}`,
      request: () => post(VIDEO + DRY_RUN, utf8(JSON.stringify({ ...NEXT, ext_info: text() }))),
    })),
    ...layered(),
  ],
};

/** What lists of files, subjects and images may be made of. */
const ITEMS = [
  "{}",
  "5",
  "[]",
  '""',
  '{"type":5}',
  '{"X":1}',
  '{"k":""}',
  '{"type":5,"category":5,"file_id":5}',
  '"http://a/"',
];

function listAttacks(): Attack[] {
  const lists = {
    [VIDEO]: ["file_infos", "subject_infos"],
    [GENERATIONS]: ["images", "reference_image_urls"],
  };
  return Object.entries(lists).flatMap(([path, fields]) =>
    fields.flatMap((field) =>
      ITEMS.map((item) => {
        const count = Math.floor(VALUES / (item.split(/[,{[]/).length || 1));
        const body = path === VIDEO ? NEXT : BODIES[path];
        const open = openOf(body ?? {});
        return shaped(path, `${field} of ${count} times ${item}`, () =>
          utf8(`${open},"${field}":[${many(count, () => item)}]}`),
        );
      }),
    ),
  );
}

const MEBIBYTE = 1024 * 1024;

/** JSON as text within JSON. */
const INNER: Record<string, () => string> = {
  "nothing but opening brackets": () => "[".repeat(9 * MEBIBYTE),
  "nothing but numbers": () => `[${"1,".repeat(4 * MEBIBYTE)}1]`,
  "as many members as it takes": () => `{${many(VALUES, (index) => `"a${index}":1`)}}`,
  "a name of 9 MB": () => `{"${"n".repeat(9 * MEBIBYTE)}":1}`,
  "a number of 9 MB": () => `{"a":${"1".repeat(9 * MEBIBYTE)}}`,
  "a text of 9 MB": () => `{"a":"${"a".repeat(9 * MEBIBYTE)}"}`,
  spaces: () => `{${" ".repeat(9 * MEBIBYTE)}}`,
};

const generationWith = (field: string, name: string, text: () => string): Attack => ({
  name: `${GENERATIONS}: ${field} as text, ${name}`,
  request: () => post(GENERATIONS + DRY_RUN, utf8(JSON.stringify({ ...BODIES[GENERATIONS], [field]: text() }))),
});

/** JSON in JSON in JSON: each layer escapes what is in it once more. */
function layered(): Attack[] {
  const plain = { x: HOLE };
  return ["", " and sent"].flatMap((further) =>
    Object.entries({ quotes: String.raw`\"`, backslashes: "\\\\", controls: String.raw`\u0001`, emoji: "🎬" }).map(
      ([name, unit]): Attack => ({
        name: `${VIDEO}: ext_info in layers, ${name}${further}`,
        lasts: further !== "",
        request: () =>
          post(
            VIDEO + (further ? "" : DRY_RUN),
            filledJson({ ...NEXT, ext_info: { AdditionalParameters: plain } }, unit, SPECIAL_CHARACTERS),
          ),
      }),
    ),
  );
}

/** Another one each time. */
const named = (name: string) => ({ ...JSON_HEADERS, "idempotency-key": `${name} ${performance.now()}` });

const task = (name: string, body: () => Uint8Array): Attack => ({
  name: `${VIDEO}: ${name}`,
  lasts: true,
  request: () => post(VIDEO, body(), named(name)),
});

/** Tasks that are made: what is done with a request after it has been found good. */
export const sent: AttackGroup = {
  title: "JSON that is accepted and sent",
  attacks: () => {
    const open = openOf(NEXT);
    return [
      task("a file of 7 MB", () =>
        filled(`${open},"file_infos":[{"type":"Base64","base64":"`, "A", '"}]}', 7 * MEBIBYTE),
      ),
      task("a prompt of 9.9 MB", () => filled(open.replace('a car"', ""), "A", '"}', 9.9 * MEBIBYTE)),
      task("a prompt of ideographs", () => filledJson({ ...NEXT, prompt: HOLE }, "汉", SPECIAL_CHARACTERS)),
      task("9,000 members to be put in order", () =>
        utf8(`${open},"next":{${many(9_000, (index) => `"a${9_000 - index}":1`)}}}`),
      ),
      task("4,900 files", () =>
        utf8(`${open},"file_infos":[${many(4_900, (index) => `{"url":"http://a.test/${index}"}`)}]}`),
      ),
      task("as many special characters as it takes", () =>
        filledJson({ ...NEXT, prompt: HOLE }, String.raw`\"`, SPECIAL_CHARACTERS),
      ),
    ];
  },
};
