import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { join } from "node:path";
import fastify from "fastify";
import { HOST } from "../../scripts/lib/ports.ts";
import { announce, childOptions } from "./child.ts";
import { CLIENT_WIRES, isKnownKey, type Order } from "./client-wires.ts";
import { peerOptions } from "./options.ts";
import { createRequest, isRefusal, sdkClient } from "./sdk.ts";
import { TaskBook } from "./task-book.ts";

/* The peer of fastify.ts with a submit route for each client: durable, and it dedupes by `session_id` when there is one. */

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const SESSION_USED = "InvalidParameterValue.SessionId";

const { vodEndpoint, apiKey, stateDir } = peerOptions.parse(childOptions());
const book = new TaskBook(join(stateDir, "clients-fastify.sqlite"));
const client = sdkClient(vodEndpoint, new Agent({ keepAlive: true }));
const app = fastify({ bodyLimit: MAX_BODY_BYTES });
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

for (const wire of CLIENT_WIRES) {
  app.post(wire.path, async (request, reply) => {
    if (!isKnownKey(request.headers.authorization, apiKey)) {
      return reply.code(401).send(wire.refused("The key is not known."));
    }
    let order: Order;
    try {
      order = await wire.read(request.body as Buffer, request.headers["content-type"] ?? "");
    } catch (error) {
      return reply.code(422).send(wire.refused(String(error)));
    }
    const session = order.session_id || null;
    const entry = book.enter(randomUUID(), session, JSON.stringify(order));
    if (entry.kind === "running") return wire.accepted(entry.id, order);
    if (entry.kind === "busy") {
      return reply.code(409).send(wire.refused("The first request with this session_id is still under way."));
    }
    const { id, again } = entry;
    try {
      const { TaskId } = await client.CreateAigcVideoTask(createRequest({ ...order, session_id: session ?? id }));
      book.running(id, TaskId ?? null);
      return wire.accepted(id, order);
    } catch (error) {
      if (!isRefusal(error)) {
        book.unanswered(id);
        return reply.code(502).send(wire.refused(String(error)));
      }
      // Refused for a SessionId that only this task has used: the vendor had taken the call it did not answer.
      if (again && error.code === SESSION_USED) {
        book.running(id, null);
        return wire.accepted(id, order);
      }
      book.refused(id);
      return reply.code(400).send(wire.refused(String(error)));
    }
  });
}

const url = await app.listen({ host: HOST, port: 0 });
announce({ url, pid: process.pid }, () => app.close());
