const MAX_CHARACTERS = 120;
/** Shorter lists of columns say more than what would stand for them. */
const LONG_LIST_CHARACTERS = 24;

/** As much of a statement as tells it from the others: without long lists of columns. On one line already. */
export function shortSql(sql: string): string {
  const list = new RegExp(`SELECT [^()*]{${LONG_LIST_CHARACTERS},}? FROM`, "g");
  return sql
    .replaceAll(list, "SELECT … FROM")
    .replace(/^INSERT INTO (\w+) \([^)]*\)/, "INSERT INTO $1 (…)")
    .slice(0, MAX_CHARACTERS);
}
