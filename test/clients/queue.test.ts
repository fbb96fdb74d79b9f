import { connect } from 'amqplib';
import { Kafka, logLevel } from 'kafkajs';
import { isQueueFailure } from 'recloser/presets';
import { describe, expect, it, onTestFinished } from 'vitest';
import { countedAs, failure, signsOf } from './counted.js';
import { freePort, startTcp } from './servers/loopback.js';

/** What the brokers answer is tested by the documented fields, in test/presets: Debian's RabbitMQ is a whole Erlang. */

type Client = (port: number) => Promise<unknown>;

const amqplib: Client = (port) => connect(`amqp://127.0.0.1:${port}`, { timeout: 50 });

const kafkajs: Client = async (port) => {
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    connectionTimeout: 50,
    requestTimeout: 50,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer();
  onTestFinished(() => producer.disconnect());
  await producer.connect();
};

describe.each([
  ['amqplib', amqplib],
  ['kafkajs', kafkajs],
])('%s', (_, client) => {
  it('counts a refused connection as a failure', async () => {
    const port = await freePort();

    const counted = await countedAs(isQueueFailure, () => client(port));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toContain('ECONNREFUSED');
  });

  it('counts a reset connection as a failure', async () => {
    const server = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    onTestFinished(server.close);

    const counted = await countedAs(isQueueFailure, () => client(server.port));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/ECONNRESET|KafkaJSConnection/);
  });

  it('counts a server that does not answer as a failure', async () => {
    const server = await startTcp(() => {});
    onTestFinished(server.close);

    const counted = await countedAs(isQueueFailure, () => client(server.port));

    expect(counted).toMatchObject(failure({ message: expect.stringMatching(/ETIMEDOUT|timed out/) }));
  });
});
