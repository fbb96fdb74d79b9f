/**
 * A client over kept-alive connections, as thin as can be, so that what stands around a request is seen at all: Node's
 * own takes three times as long for one.
 */
import { connect } from 'node:net';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

export async function openConnections(port, count) {
  return Promise.all(Array.from({ length: count }, () => openConnection(port)));
}

async function openConnection(port) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let text = '';
  let done = () => {};
  socket.on('data', (chunk) => {
    text += chunk;
    if (text.endsWith('\r\n\r\nok')) done();
  });
  return {
    /** The status of the answer; rejects for one that is no success, as clients do. */
    get: () =>
      new Promise((resolve, reject) => {
        done = () => {
          const status = Number(text.slice(9, 12));
          text = '';
          if (status === 200) resolve(status);
          else reject(new Error(`The server answered ${status}`));
        };
        socket.write(REQUEST);
      }),
    close: () => socket.destroy(),
  };
}
