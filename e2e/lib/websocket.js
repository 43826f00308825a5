// The outer form of WebSocket connections (RFC 6455): a head like that of HTTP, then frames. For what
// stands between a browser and a server; it must not know what the messages mean.

const HEAD_END = '\r\n\r\n';

/** The opcodes of frames, RFC 6455 §5.2. */
export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2 };

/**
 * @typedef {object} Frame
 * @property {boolean} final
 * @property {number} opcode
 * @property {Buffer} payload without its mask
 * @property {Buffer} raw the frame as it came
 */

/** Cuts the bytes of one direction into the head and frames, however they arrive. */
export class WebSocketReader {
  #bytes = Buffer.alloc(0);
  #head = null;

  /**
   * Takes what arrived, and returns what is complete now.
   * @param {Buffer} chunk
   * @returns {{ head: string | null, frames: Frame[] }} the head once, as soon as it is there
   */
  take(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    let head = null;
    if (this.#head === null) {
      const end = this.#bytes.indexOf(HEAD_END);
      if (end < 0) return { head, frames: [] };
      head = this.#head = this.#bytes.toString('latin1', 0, end + HEAD_END.length);
      this.#bytes = this.#bytes.subarray(end + HEAD_END.length);
    }
    const frames = [];
    for (let frame = this.#frame(); frame; frame = this.#frame()) frames.push(frame);
    return { head, frames };
  }

  #frame() {
    const bytes = this.#bytes;
    if (bytes.length < 2) return null;
    let length = bytes[1] & 0x7f;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return null;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return null;
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    const masked = (bytes[1] & 0x80) !== 0;
    const start = at + (masked ? 4 : 0);
    if (bytes.length < start + length) return null;
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (masked) for (let i = 0; i < length; i++) payload[i] ^= bytes[at + (i & 3)];
    const raw = bytes.subarray(0, start + length);
    this.#bytes = bytes.subarray(start + length);
    return { final: (bytes[0] & 0x80) !== 0, opcode: bytes[0] & 0x0f, payload, raw };
  }
}

/** Puts the frames of one direction together into messages. */
export class MessageReader {
  #parts = [];
  #opcode = OPCODE.TEXT;

  /**
   * Returns the message that this frame completes: a string for text, a Buffer for binary, and null
   * for every other frame.
   * @param {Frame} frame
   */
  take({ final, opcode, payload }) {
    if (opcode > OPCODE.BINARY) return null;
    if (opcode !== OPCODE.CONTINUATION) {
      this.#opcode = opcode;
      this.#parts = [];
    }
    this.#parts.push(payload);
    if (!final) return null;
    const message = Buffer.concat(this.#parts);
    return this.#opcode === OPCODE.TEXT ? message.toString() : message;
  }
}

/** Returns a text message as one frame of a server. */
export function textFrame(text) {
  const payload = Buffer.from(text);
  const short = payload.length < 126;
  if (payload.length > 0xffff) throw new Error('the text is too long for this frame');
  const head = short ? Buffer.from([0x81, payload.length]) : Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}
