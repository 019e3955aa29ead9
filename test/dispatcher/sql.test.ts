import { runInDurableObject } from "cloudflare:test";
import { objectSql } from "../../src/dispatcher/object.ts";
import { dispatcherObject, startGateway } from "../support/gateway.ts";
import { describeSql } from "./conformance.ts";

describeSql("the object's SQLite", async (work) => {
  await startGateway();
  await runInDurableObject(dispatcherObject(), (_object, { storage }) => work(objectSql(storage)));
});
