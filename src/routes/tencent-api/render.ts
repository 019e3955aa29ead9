import { v4 } from "uuid";
import type { Deps } from "../../deps.ts";
import type { Task } from "../../tasks/read.ts";
import type { VendorRequest } from "../../vod/requests.ts";
import { renderTaskDetail } from "../vendor-shape.ts";

const UUID_RANDOM_BYTES = 16;

/** What every answer of the vendor's API comes in. `RequestId` names the call, not the task. */
export function envelope(deps: Pick<Deps, "random">, members: Record<string, unknown>) {
  return { Response: { ...members, RequestId: v4({ random: deps.random(UUID_RANDOM_BYTES) }) } };
}

/** DescribeTaskDetail's answer. */
export function renderDetail(deps: Pick<Deps, "random">, task: Task, request: VendorRequest | undefined) {
  return envelope(deps, renderTaskDetail(task, request).Response);
}
