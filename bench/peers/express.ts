import { createServer } from "node:http";
import express from "express";
import * as z from "zod";
import { childOptions, serve } from "./child.ts";
import { peerOptions, SUBMIT_PATH, submitted } from "./options.ts";
import { createRequest, isRefusal, sdkClient } from "./sdk.ts";

/*
 * What one would write first: Express and the official SDK as their documents show them. It keeps nothing, so it
 * notices no repetition.
 */

const submission = z.looseObject({ model_name: z.string(), model_version: z.string(), prompt: z.string().optional() });

const { vodEndpoint, apiKey } = peerOptions.parse(childOptions());
const client = sdkClient(vodEndpoint);
const app = express();
app.use(express.json({ limit: "10mb" }));

// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 takes care of rejected promises
app.post(SUBMIT_PATH, async (request, response) => {
  if (request.headers.authorization !== `Bearer ${apiKey}`) {
    response.status(401).json({ detail: "The key is not known." });
    return;
  }
  const body = submission.safeParse(request.body);
  if (!body.success) {
    response.status(422).json({ detail: body.error.issues });
    return;
  }
  try {
    const { TaskId = "" } = await client.CreateAigcVideoTask(createRequest(body.data));
    response.json(submitted(TaskId));
  } catch (error) {
    response.status(isRefusal(error) ? 400 : 502).json({ detail: String(error) });
  }
});

serve(createServer(app));
