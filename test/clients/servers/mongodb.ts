import { BSON } from 'mongodb';
import { startTcp } from './loopback.js';

/** What is replied to a command: a document, or nothing and a reset. */
export type Reply = object | 'reset';

const HEADER = 16;
const OP_MSG = 2013;

const HELLO = {
  ok: 1,
  isWritablePrimary: true,
  minWireVersion: 0,
  maxWireVersion: 21,
  maxBsonObjectSize: 16 * 1024 * 1024,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
};

/**
 * Enough of MongoDB's wire protocol for the driver to take it for a server, which it asks by OP_MSG alone when it is
 * given a `serverApi`. https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
 */
export function startMongodb(reply: () => Reply) {
  return startTcp((socket) => {
    let received = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= HEADER && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0));
        received = received.subarray(message.length);
        // The command. Documents to be written may follow it.
        const body = message.subarray(HEADER + 5);
        const { hello } = BSON.deserialize(body.subarray(0, body.readInt32LE(0)));
        const answer = hello === undefined ? reply() : HELLO;
        if (answer === 'reset') socket.resetAndDestroy();
        else socket.write(encode(answer, message.readInt32LE(4)));
      }
    });
  });
}

function encode(reply: object, requestId: number): Buffer {
  const document = BSON.serialize(reply);
  const header = Buffer.alloc(HEADER + 5);
  [header.length + document.length, 0, requestId, OP_MSG].forEach((field, i) => {
    header.writeInt32LE(field, i * 4);
  });
  return Buffer.concat([header, document]);
}
