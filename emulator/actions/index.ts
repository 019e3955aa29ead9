import type { Action } from "./action.ts";
import { createAigcImageTask, createAigcVideoTask } from "./create.ts";
import { confirmEvents, describeEventConfig, describeEventsState, modifyEventConfig, pullEvents } from "./events.ts";
import { describeTaskDetail, describeTasks, manageTask } from "./tasks.ts";

export const ACTIONS = new Map<string, Action>([
  ["CreateAigcVideoTask", createAigcVideoTask],
  ["CreateAigcImageTask", createAigcImageTask],
  ["DescribeTaskDetail", describeTaskDetail],
  ["DescribeTasks", describeTasks],
  ["ManageTask", manageTask],
  ["PullEvents", pullEvents],
  ["ConfirmEvents", confirmEvents],
  ["ModifyEventConfig", modifyEventConfig],
  ["DescribeEventConfig", describeEventConfig],
  ["DescribeEventsState", describeEventsState],
]);
