/** An answer of the vendor in its own words: HTTP 200 with `Response.Error`. */
export class VendorError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "VendorError";
    this.code = code;
  }
}
