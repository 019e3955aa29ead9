/*
 * The gateway's entry as the counting Worker sees it; the bundler resolves the name (wrangler.toml). Its own types need
 * those of the Workers runtime, which the rest of the bench does not have.
 */
declare module "reelgate-gateway" {
  const gateway: {
    fetch: (request: Request, env: object, context: object) => Response | Promise<Response>;
    scheduled: (controller: object, env: object) => Promise<void>;
  };
  export default gateway;

  export class Dispatcher {
    constructor(ctx: object, env: object);
    alarm(): Promise<void>;
  }
}
