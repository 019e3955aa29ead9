/*
 * What the faulty Worker sees of the gateway's entry, whose name the bundler resolves (wrangler.toml), and of the Workers
 * runtime. Their own types are those of the runtime, which the rest of the soak, on Node, does not have.
 */
declare module "reelgate-intact" {
  const gateway: {
    fetch: (request: Request, env: object, context: object) => Response | Promise<Response>;
    scheduled: (controller: object, env: object) => Promise<void>;
  };
  export default gateway;

  export class Dispatcher {
    protected ctx: object;
    constructor(ctx: object, env: object);
    alarm(): Promise<void>;
  }
}

declare module "cloudflare:workers" {
  export class DurableObject {
    protected ctx: object;
    protected env: object;
    constructor(ctx: object, env: object);
  }
}
