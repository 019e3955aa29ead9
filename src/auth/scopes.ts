/** What an API key may do. `vendor`: choose settings of the vendor's account, besides submitting. */
export const SCOPES = ["submit", "read", "vendor", "admin"] as const;
export type Scope = (typeof SCOPES)[number];
