// @ts-check
// Calls over a WebSocket that are answered by number, in any order: how browsers are driven from outside.

import { WebSocket } from "ws";
import { LAUNCH } from "./patience.mjs";

export class RemoteCalls {
  #socket;
  #last = 0;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #calls = new Map();
  /** Hears what is no answer. @type {(event: any) => void} */
  onEvent = () => {};

  /** @param {WebSocket} socket @param {(answer: any) => string | undefined} failure what an answer that is an error says */
  constructor(socket, failure) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const answer = JSON.parse(String(data));
      if (answer.id === undefined) {
        this.onEvent(answer);
        return;
      }
      const call = this.#calls.get(answer.id);
      this.#calls.delete(answer.id);
      const error = failure(answer);
      if (error) call?.reject(new Error(error));
      else call?.resolve(answer.result);
    });
    socket.on("close", () => {
      for (const { reject } of this.#calls.values()) reject(new Error("the browser is gone"));
      this.#calls.clear();
    });
  }

  /** @param {string} url @param {(answer: any) => string | undefined} failure */
  static async open(url, failure) {
    const socket = new WebSocket(url, { handshakeTimeout: LAUNCH });
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return new RemoteCalls(socket, failure);
  }

  /** @param {string} method @param {object} params @param {string} [sessionId] @returns {Promise<any>} */
  send(method, params, sessionId) {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      // Nobody would hear an answer, and nobody would be told.
      if (this.#socket.readyState !== WebSocket.OPEN) throw new Error("the browser is gone");
      this.#calls.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  close() {
    this.#socket.close();
  }
}
