/** What is known of the vendor's models, and whether a request is possible by it. Data only: nothing here asks the vendor. */
export { checkRequest } from "./check.ts";
export { catalogueModels, isKnownModel } from "./models.ts";
export { modelId, parseModelName } from "./names.ts";
export type { Allowed, CatalogueModel, Constraint, Finding, Media, Mode, Range, RuleName, Standing } from "./types.ts";
