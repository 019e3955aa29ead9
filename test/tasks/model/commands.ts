/* Everything that can happen to tasks, each as a step that fast-check can order, repeat and leave out. */
import type * as fc from "fast-check";
import { cancel, erase, read, submit } from "./client-steps.ts";
import { event, forgery } from "./event-steps.ts";
import type { Step } from "./step.ts";
import {
  createFault,
  cron,
  held,
  holdNext,
  readFault,
  recordMood,
  restart,
  straggler,
  time,
  vendorMood,
  vendorWorks,
} from "./world-steps.ts";

/** The more often one stands here, the more often it happens. */
export const KINDS: fc.Arbitrary<Step>[] = [
  submit,
  submit,
  createFault,
  readFault,
  vendorMood,
  recordMood,
  holdNext,
  held,
  straggler,
  vendorWorks,
  time,
  time,
  event,
  event,
  forgery,
  restart,
  cron,
  cancel,
  erase,
  read,
];
