import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { HttpRequest } from "../attacks/attack.ts";

export type HttpAnswer = { status: number; type: string; text: string };

const TIMEOUT_MS = 180_000;
const BYTES_PER_HEAD_LINE = 8;

/**
 * Sends a request exactly as written, on a connection of its own. An answer that comes before all is sent counts.
 * @throws without an answer
 */
export function send(url: string, request: HttpRequest): Promise<HttpAnswer> {
  return request.chunkBytes === undefined ? sendPlain(url, request) : sendChunked(url, request, request.chunkBytes);
}

function sendPlain(url: string, { method, target, headers, body }: HttpRequest): Promise<HttpAnswer> {
  const { hostname, port } = new URL(url);
  const length = body && { "content-length": String(body.byteLength) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { hostname, port, method, path: target, headers: { ...headers, ...length }, agent: false, timeout: TIMEOUT_MS },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString();
          resolve({ status: answer.statusCode ?? 0, type: answer.headers["content-type"] ?? "", text });
          sent.destroy();
        });
      },
    );
    sent.once("timeout", () => sent.destroy(new Error(`No answer within ${TIMEOUT_MS / 1_000} s`)));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** By hand: Node's client would make one write, and one system call, of each chunk. */
function sendChunked(url: string, request: HttpRequest, chunkBytes: number): Promise<HttpAnswer> {
  const { hostname, port, host } = new URL(url);
  const { method, target, headers, body = new Uint8Array() } = request;
  const lines = Object.entries({ host, connection: "close", "transfer-encoding": "chunked", ...headers });
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(head);
      socket.write(chunked(body, chunkBytes));
    });
    const parts: Buffer[] = [];
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`No answer within ${TIMEOUT_MS / 1_000} s`)));
    socket.on("data", (part: Buffer) => parts.push(part));
    socket.on("error", (error) => (parts.length === 0 ? reject(error) : undefined));
    socket.on("close", () => {
      const answer = Buffer.concat(parts).toString();
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
      const type = /^content-type: *(.*)$/im.exec(answer)?.[1]?.trim() ?? "";
      if (status > 0) resolve({ status, type, text: answer.slice(answer.indexOf("\r\n\r\n") + 4) });
      else reject(new Error("The connection ended without an answer"));
    });
  });
}

function chunked(body: Uint8Array, chunkBytes: number): Buffer {
  const chunks = Math.ceil(body.byteLength / chunkBytes);
  const whole = Buffer.alloc(body.byteLength + (chunks + 1) * (BYTES_PER_HEAD_LINE + 2));
  let length = 0;
  for (let at = 0; at < body.byteLength; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes);
    length += whole.write(`${chunk.byteLength.toString(16)}\r\n`, length);
    whole.set(chunk, length);
    length += whole.write("\r\n", length + chunk.byteLength) + chunk.byteLength;
  }
  length += whole.write("0\r\n\r\n", length);
  return whole.subarray(0, length);
}
