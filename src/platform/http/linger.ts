import type { IncomingMessage, ServerResponse } from 'node:http';

/** How much, and for how long, a client may go on sending after it was answered. */
const mostBytes = 64 * 2 ** 20;
const mostMs = 30_000;
const lookEveryMs = 250;

/**
 * Reads away what a client still sends once it was answered (RFC 9112, 9.6). Closing at once would reset the connection,
 * and a client that only reads after having sent would see that instead of why its file was refused.
 * When the rest has come, the connection serves the next request; when too much or too slowly comes, it is cut.
 */
export function lingerAfterAnswer(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete || request.destroyed) return;
    // Whoever read the body has stopped to; a listener that is left would pause it again.
    request.removeAllListeners('readable');
    request.removeAllListeners('data');
    request.on('error', () => {});
    request.resume();

    const { socket } = request;
    const readBefore = socket.bytesRead;
    const since = Date.now();
    const timer = setInterval(() => {
      if (request.complete || socket.destroyed) return clearInterval(timer);
      if (socket.bytesRead - readBefore <= mostBytes && Date.now() - since <= mostMs) return;
      clearInterval(timer);
      socket.destroySoon();
    }, lookEveryMs);
    timer.unref();
  });
}

/**
 * Once a request has come whole, it is the server that is silent: an upload may wait for its turn to be decoded for longer
 * than a silent client is borne with. The limit is back with the next request of the connection.
 */
export function bearOwnSilence(request: IncomingMessage, response: ServerResponse): void {
  request.once('end', () => {
    // The rest of a refused body comes after the answer: then it is the client's turn again.
    if (!response.writableFinished) request.socket.setTimeout(0);
  });
}
