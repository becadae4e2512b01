// The web socket of a live session: frames go out one by one, at most two wait for an answer, and never an old one.

import { blobOf } from "./parts.js";
import { address, connection, pause } from "./service.js";

const IN_FLIGHT = 2; // frames that wait for an answer
const LONGEST = 640; // pixels of a frame that is sent
const SILENCE = 10; // seconds without an answer after which the connection is given up
const PATIENCE = 3; // connections that fail before a proxy is suspected
const BUSY_WAIT = 5; // seconds until the next try when the service has too many sessions

export class Live {
  #video;
  #app;
  #on;
  #isWanted = false;
  #socket = null;
  #failures = 0; // connections that failed since the last answer
  #sent = []; // when the frames that wait for an answer were taken; the number of the first is #answered
  #answered = 0;
  #heardAt = 0;
  #isReady = false; // whether the service has begun the session
  #isFresh = false; // whether the video shows a frame that was not sent
  #isEncoding = false;
  #canvas = document.createElement("canvas");

  /**
   * @param video  shows the camera's picture
   * @param app  gives `query()` for the chosen model and emotions, `isSignedOut()` and `signIn()`
   * @param on  `ready(said)`, `frame(said, takenAt)`, `lost()`, and `state(text)` for people
   */
  constructor(video, app, on) {
    this.#video = video;
    this.#app = app;
    this.#on = on;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#disconnect() : this.#connect()));
    connection.addEventListener("back", () => this.#connect());
    setInterval(() => this.#watchOver(), 1000);
  }

  /** Begin a session; another one follows whenever it is lost. */
  open() {
    this.#isWanted = true;
    this.#connect();
  }

  close() {
    this.#isWanted = false;
    this.#disconnect();
  }

  /** The video shows another frame. */
  refresh() {
    this.#isFresh = true;
    this.#send();
  }

  #connect() {
    if (!this.#isWanted || this.#socket || document.hidden || !connection.isUp) return;
    const url = address("v1/live", this.#app.query());
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#sent = [];
    this.#answered = 0;
    this.#isReady = false;
    this.#heardAt = performance.now();
    this.#on.state("Connecting");
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#hear(JSON.parse(data)));
    socket.addEventListener("close", ({ code, reason }) => socket === this.#socket && this.#closed(code, reason));
  }

  #disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  async #closed(code, reason) {
    this.#socket = null;
    this.#on.lost();
    if (code === 1013) {
      this.#on.state(`${reason || "The service has too many live sessions."} The next try is in a few seconds.`);
      await pause(BUSY_WAIT);
    } else if (await this.#app.isSignedOut()) {
      await this.#app.signIn();
    } else if (code === 1008) {
      this.#on.state(reason || "The service refuses the model or its emotions.");
      return;
    } else {
      this.#on.state(
        this.#failures < PATIENCE
          ? "The connection was lost. Trying again."
          : "The service answers, but not for the camera: a proxy before it may not pass web sockets on. Trying again.",
      );
      await connection.tryNow(); // is it the service, or this connection alone?
      await pause(Math.min(30, 2 ** this.#failures++));
    }
    this.#connect();
  }

  #hear(said) {
    this.#heardAt = performance.now();
    this.#failures = 0;
    if (said.type === "ready") {
      this.#isReady = true;
      this.#on.ready(said);
    } else if (said.sequence !== undefined) {
      // Else it is why the connection ends. Frames before this one were skipped: it was the newest.
      const takenAt = this.#sent.splice(0, said.sequence + 1 - this.#answered).at(-1);
      this.#answered = said.sequence + 1;
      if (said.type === "frame" && takenAt !== undefined) this.#on.frame(said, takenAt);
    }
    this.#send();
  }

  #watchOver() {
    const socket = this.#socket;
    const isWaiting = this.#sent.length > 0 || !this.#isReady;
    const since = Math.max(this.#heardAt, this.#sent[0] ?? 0);
    if (!socket || !isWaiting || performance.now() - since < SILENCE * 1000) return;
    this.#socket = null;
    socket.close();
    this.#closed(1006);
  }

  async #send() {
    const video = this.#video;
    const socket = this.#socket;
    const isAsked = this.#isFresh && !this.#isEncoding && this.#sent.length < IN_FLIGHT && video.videoWidth;
    if (!isAsked || !this.#isReady || socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount) return;
    this.#isEncoding = true;
    this.#isFresh = false;
    const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
    const [width, height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#canvas.getContext("2d").drawImage(video, 0, 0, width, height);
    const takenAt = performance.now();
    const blob = await blobOf(this.#canvas, "image/jpeg", 0.85);
    this.#isEncoding = false;
    if (blob && socket === this.#socket && socket.readyState === WebSocket.OPEN) {
      socket.send(blob);
      this.#sent.push(takenAt);
    }
    this.#send();
  }
}
