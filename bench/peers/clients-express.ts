import { createServer } from "node:http";
import express from "express";
import { childOptions, serve } from "./child.ts";
import { CLIENT_WIRES, isKnownKey, type Order } from "./client-wires.ts";
import { peerOptions } from "./options.ts";
import { createRequest, isRefusal, sdkClient } from "./sdk.ts";

/* The peer of express.ts with a submit route for each client. It keeps nothing, so it notices no repetition. */

const { vodEndpoint, apiKey } = peerOptions.parse(childOptions());
const client = sdkClient(vodEndpoint);
const app = express();
app.use(express.raw({ type: () => true, limit: "10mb" }));

for (const wire of CLIENT_WIRES) {
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 takes care of rejected promises
  app.post(wire.path, async (request, response) => {
    if (!isKnownKey(request.headers.authorization, apiKey)) {
      response.status(401).json(wire.refused("The key is not known."));
      return;
    }
    let order: Order;
    try {
      order = await wire.read(request.body as Buffer, request.headers["content-type"] ?? "");
    } catch (error) {
      response.status(422).json(wire.refused(String(error)));
      return;
    }
    try {
      const { TaskId = "" } = await client.CreateAigcVideoTask(createRequest(order));
      response.json(wire.accepted(TaskId, order));
    } catch (error) {
      response.status(isRefusal(error) ? 400 : 502).json(wire.refused(String(error)));
    }
  });
}

serve(createServer(app));
