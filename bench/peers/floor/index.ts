import { Hono } from "hono";
import { createAtVendor, type VendorBindings } from "../signed-call.ts";

/*
 * The floor under every gateway that runs in workerd: it looks at nothing, signs what it is sent with the gateway's own
 * signer, and hands back what the vendor says.
 */

const app = new Hono<{ Bindings: VendorBindings }>();

app.post("*", async (c) => createAtVendor(c.env, await c.req.text()));

export default app;
