import { ruleOf } from "./errors.ts";
import type { VendorTask } from "./tasks.ts";

/*
 * The vendor tells the gateway what is wrong with the gateway's own account: which SecretId it does not know, which SubAppId
 * may not, how much of which quota is left. That is for the operator. A tenant gets a plain text, and the id by which the
 * operator finds the vendor's.
 */

/** What the vendor says of accounts, in its two languages, in whatever code it wraps it. */
const ACCOUNT_WORDS = [
  /secret[\s_-]?(?:id|key)|\bAKID|sub[\s_-]?app|\bapp[\s_-]?id|\buin\b|\bCAM\b/i,
  /quota|arrears|overdue|balance|credential|signature|permission|unauthori[sz]ed|authori[sz]ation|authenticat/i,
  /密钥|配额|额度|余额|欠费|鉴权|授权|权限|签名|账号|账户|帐号|应用/,
  // Their numbers have 9 to 12 digits; a client's own files have 18.
  /(?<!\d)\d{9,13}(?!\d)/,
];

/** What a code of the operator's fault reads as to a tenant. */
const PLAIN_CODE = "InternalError";

export type Failure = { code: string; message: string };

function isOperators(code: string): boolean {
  return ruleOf(code).fault === "operator";
}

function isAboutAccount({ code, message }: Failure): boolean {
  const { fault, resend } = ruleOf(code);
  const quota = fault === "capacity" && resend === "no";
  return fault === "operator" || quota || ACCOUNT_WORDS.some((words) => words.test(message));
}

function plainText(reference: string): string {
  return `The vendor refused this for a reason that concerns the gateway's own account there. The gateway's operator finds it by the reference ${reference}.`;
}

/** A code as a tenant may read it. */
export function plainCode(code: string): string {
  return isOperators(code) ? PLAIN_CODE : code;
}

/**
 * A failure as a tenant may read it: the same one, unless it is about the account.
 * @param reference the id of the task, which is in the log
 */
export function plainFailure(failure: Failure, reference: string): Failure {
  return isAboutAccount(failure) ? { code: plainCode(failure.code), message: plainText(reference) } : failure;
}

/** The vendor's own account of a task as a tenant may read it: the same one, unless its words are about the account. */
export function plainTask(task: VendorTask, reference: string): VendorTask {
  const told = { code: task.ErrCodeExt ?? "", message: task.Message ?? "" };
  const plain = plainFailure(told, reference);
  return plain === told ? task : { ...task, ErrCodeExt: plain.code, Message: plain.message };
}
