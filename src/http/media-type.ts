/*
 * What a body is, by its Content-Type. One answer for all routes: whoever reads a body as JSON, the framework's validators
 * among them, takes nothing that is not JSON here, so nothing is parsed that has not been held to the limits of json.ts.
 */

/** As the framework has it, letter for letter. */
const JSON_TYPE = /^application\/([a-z-.]+\+)?json(;\s*[a-zA-Z0-9-]+=([^;]+))*$/i;

export function isJson(contentType = ""): boolean {
  return JSON_TYPE.test(contentType);
}

/** The letters of RFC 2046, §5.1.1, and its length. */
const BOUNDARY = /;\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70}))\s*(?:;|$)/i;

/** Without a boundary nothing tells the parts apart. */
export type FormType = { kind: "urlencoded" } | { kind: "multipart"; boundary: string | undefined };

/** Undefined for what is no form. */
export function formType(contentType = ""): FormType | undefined {
  switch (contentType.split(";", 1)[0]?.trim().toLowerCase()) {
    case "application/x-www-form-urlencoded":
      return { kind: "urlencoded" };
    case "multipart/form-data": {
      const [, quoted, bare] = BOUNDARY.exec(contentType) ?? [];
      return { kind: "multipart", boundary: quoted ?? bare };
    }
    default:
      return undefined;
  }
}
