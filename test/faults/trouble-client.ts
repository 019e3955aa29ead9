import { call } from "../../scripts/lib/http.ts";
import { type Holdings, holdings, TROUBLE_PATH, type Trouble } from "./trouble.ts";

/** Has something go wrong in the faulty gateway. @throws while it is down */
export async function makeTrouble(gatewayUrl: string, trouble: Trouble): Promise<void> {
  const { status } = await call(`${gatewayUrl}${TROUBLE_PATH}`, { method: "PUT", json: trouble });
  if (status !== 200) throw new Error(`${trouble.kind}: HTTP ${status}`);
}

/** What lies in the stores behind it. */
export async function readHoldings(gatewayUrl: string): Promise<Holdings> {
  const { status, body } = await call(`${gatewayUrl}${TROUBLE_PATH}`);
  if (status !== 200) throw new Error(`The holdings: HTTP ${status}`);
  return holdings.parse(body);
}
