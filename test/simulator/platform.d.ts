/*
 * The platform's types, as far as modules that the simulator imports name them: it runs under Node.
 */
declare module "cloudflare:workers" {
  export function waitUntil(work: Promise<unknown>): void;
}

interface D1PreparedStatement {
  bind(...values: unknown[]): D1PreparedStatement;
  first<Row>(): Promise<Row | null>;
  // oxlint-disable-next-line no-unnecessary-type-parameters -- as the platform has it
  all<Row>(): Promise<{ results: Row[] }>;
  run(): Promise<{ meta: { changes: number } }>;
}

interface D1Database {
  prepare(statement: string): D1PreparedStatement;
  // oxlint-disable-next-line no-unnecessary-type-parameters -- as the platform has it
  batch<Row>(statements: D1PreparedStatement[]): Promise<{ results: Row[]; meta: { changes: number } }[]>;
}
