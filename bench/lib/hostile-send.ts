import { connect, type Socket } from "node:net";
import type { HttpRequest } from "../attacks/attack.ts";

/** `status` is 0 when the connection was cut before an answer came through. */
export type HttpAnswer = { status: number; type: string; text: string };

const TIMEOUT_MS = 180_000;
const WRITE_BYTES = 256 * 1024;
/** For a chunk's length in hex, and two ends of lines. */
const CHUNK_HEAD_BYTES = 12;
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/**
 * Sends a request exactly as written, on a connection of its own, until there is an answer: a gateway that refuses a body
 * need not read it. Node's client would make a write of each chunk, and know better than some of these heads.
 * @throws when nothing comes within {@link TIMEOUT_MS}
 */
export function send(url: string, request: HttpRequest): Promise<HttpAnswer> {
  const { hostname, port, host } = new URL(url);
  const { method, target, headers, body, chunkBytes } = request;
  const framing =
    chunkBytes === undefined
      ? { ...(body && { "content-length": String(body.byteLength) }) }
      : { "transfer-encoding": "chunked" };
  const lines = Object.entries({ host, connection: "close", ...framing, ...headers });
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  const content = body && chunkBytes !== undefined ? chunked(body, chunkBytes) : (body ?? new Uint8Array());
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      socket.write(head, "latin1");
      writeUntil(socket, content, () => parts.length > 0);
    });
    socket.setTimeout(TIMEOUT_MS, () =>
      reject(new Error(`No answer within ${TIMEOUT_MS / 1_000} s: ${method} ${target}`)),
    );
    socket.on("data", (part: Buffer) => parts.push(part));
    // Whoever refuses a body may cut the connection while it is still being sent.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(answerOf(Buffer.concat(parts).toString())));
  });
}

/** In pieces, so that the rest is left when somebody has answered. */
function writeUntil(socket: Socket, content: Uint8Array, isOver: () => boolean): void {
  let at = 0;
  const go = () => {
    while (at < content.byteLength && !isOver() && !socket.destroyed) {
      const piece = content.subarray(at, at + WRITE_BYTES);
      at += piece.byteLength;
      if (!socket.write(piece)) {
        socket.once("drain", go);
        return;
      }
    }
  };
  go();
}

function answerOf(text: string): HttpAnswer {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const type = /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? "";
  return { status, type, text: /^transfer-encoding: *chunked/im.test(head) ? unchunked(body) : body };
}

function unchunked(text: string): string {
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n", at);
    const length = Number.parseInt(bytes.toString("latin1", at, end), 16);
    if (end === -1 || !(length > 0)) break;
    parts.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
  return Buffer.concat(parts).toString();
}

function chunked(body: Uint8Array, chunkBytes: number): Uint8Array {
  const chunks = Math.ceil(body.byteLength / chunkBytes);
  const whole = Buffer.alloc(body.byteLength + chunks * CHUNK_HEAD_BYTES + LAST_CHUNK.byteLength);
  let length = 0;
  for (let at = 0; at < body.byteLength; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes);
    length += whole.write(`${chunk.byteLength.toString(16)}\r\n`, length);
    whole.set(chunk, length);
    length += chunk.byteLength;
    length += whole.write("\r\n", length);
  }
  whole.set(LAST_CHUNK, length);
  return whole.subarray(0, length + LAST_CHUNK.byteLength);
}
