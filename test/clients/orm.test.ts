import { MikroORM, EntitySchema as MikroSchema } from '@mikro-orm/postgresql';
import * as prisma from '@prisma/client/runtime/client';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import mongoose from 'mongoose';
import mssql from 'mssql';
import pg from 'pg';
import postgres from 'postgres';
import { isDatabaseFailure } from 'recloser/presets';
import { DataTypes, type Model, type ModelStatic, OptimisticLockError, Sequelize } from 'sequelize';
import { DataSource, EntitySchema } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedAs } from './counted.js';
import { freePort } from './servers/loopback.js';
import { PASSWORD, postgresProgram, startPostgres } from './servers/postgres.js';
import type { ServerProcess } from './servers/process.js';

const counted = async (task: () => unknown) => (await countedAs(isDatabaseFailure, task)).as;
const thrown = (error: unknown) =>
  counted(() => {
    throw error;
  });

const isMissing = postgresProgram === undefined;
if (isMissing)
  console.info('Skipped: the ORMs that need a real PostgreSQL. There is no postgres on this machine.');

const SLOW = 'SET statement_timeout = 20; SELECT pg_sleep(10)';

describe.skipIf(isMissing)('with a real PostgreSQL', () => {
  let server: ServerProcess;
  let refusing: string;
  let url: string;

  beforeAll(async () => {
    server = await startPostgres(postgresProgram!);
    url = `postgres://postgres:${PASSWORD}@127.0.0.1:${server.port}/postgres`;
    refusing = `postgres://postgres:${PASSWORD}@127.0.0.1:${await freePort()}/postgres`;
  });

  afterAll(() => server.stop());

  describe('Sequelize', () => {
    let sequelize: Sequelize;
    let User: ModelStatic<Model>;

    beforeAll(async () => {
      sequelize = new Sequelize(url, { logging: false, dialectModule: pg, pool: { max: 1 } });
      User = sequelize.define('User', {
        email: { type: DataTypes.STRING, unique: true, allowNull: false, validate: { isEmail: true } },
      });
      await User.sync();
      await User.create({ email: 'ada@b.example' });
    });

    afterAll(() => sequelize.close());

    it('counts what the database answers as answers', async () => {
      expect(await counted(() => User.create({ email: 'ada@b.example' }))).toBe('success');
      expect(await counted(() => User.create({}))).toBe('success');
      expect(await counted(() => User.create({ email: 'x' }))).toBe('success');
      expect(await counted(() => User.bulkCreate([{ email: 'x' }], { validate: true }))).toBe('success');
      expect(await counted(() => User.findOne({ where: { email: 'x' }, rejectOnEmpty: true }))).toBe(
        'success',
      );
      expect(await counted(() => sequelize.query('SELEC 1'))).toBe('success');
      expect(await counted(() => sequelize.query('SELECT * FROM nowhere'))).toBe('success');
      expect(await thrown(new OptimisticLockError({ modelName: 'User', values: {}, where: {} }))).toBe(
        'success',
      );
    });

    it('counts outages as failures', async () => {
      const elsewhere = new Sequelize(refusing, { logging: false, dialectModule: pg });

      expect(await counted(() => sequelize.query(SLOW))).toBe('failure');
      expect(await counted(() => elsewhere.authenticate())).toBe('failure');
    });
  });

  describe('TypeORM', () => {
    const User = new EntitySchema<{ id: number; email: string }>({
      name: 'Member',
      columns: {
        id: { type: Number, primary: true, generated: true },
        email: { type: String, unique: true },
      },
    });
    let source: DataSource;

    beforeAll(async () => {
      source = await new DataSource({
        type: 'postgres',
        url,
        entities: [User],
        synchronize: true,
      }).initialize();
      await source.getRepository(User).insert({ email: 'ada@b.example' });
    });

    afterAll(() => source.destroy());

    it('counts what the database answers as answers', async () => {
      const users = source.getRepository(User);

      expect(await counted(() => users.insert({ email: 'ada@b.example' }))).toBe('success');
      expect(await counted(() => users.insert({}))).toBe('success');
      expect(await counted(() => users.findOneByOrFail({ email: 'x' }))).toBe('success');
      expect(await counted(() => source.query('SELEC'))).toBe('success');
    });

    it('counts outages as failures', async () => {
      expect(await counted(() => source.query(SLOW))).toBe('failure');
      expect(await counted(() => new DataSource({ type: 'postgres', url: refusing }).initialize())).toBe(
        'failure',
      );
    });
  });

  describe('MikroORM', () => {
    const Customer = new MikroSchema<{ id: number; email: string }>({
      name: 'Customer',
      properties: { id: { type: 'number', primary: true }, email: { type: 'string', unique: true } },
    });
    let orm: MikroORM;

    beforeAll(async () => {
      orm = await MikroORM.init({ entities: [Customer], clientUrl: url, pool: { min: 0, max: 1 } });
      await orm.em.fork().execute('CREATE TABLE customer (id serial PRIMARY KEY, email text UNIQUE)');
      await orm.em.fork().execute("INSERT INTO customer (email) VALUES ('ada@b.example')");
    });

    afterAll(() => orm.close());

    it('counts what the database answers as answers', async () => {
      const insert = async (values: object) => {
        const em = orm.em.fork();
        em.create(Customer, values as never);
        await em.flush();
      };

      expect(await counted(() => insert({ email: 'ada@b.example' }))).toBe('success');
      expect(await counted(() => insert({}))).toBe('success');
      expect(await counted(() => orm.em.fork().findOneOrFail(Customer, { email: 'x' }))).toBe('success');
      expect(await counted(() => orm.em.fork().execute('SELEC'))).toBe('success');
      expect(await counted(() => orm.em.fork().execute('SELECT * FROM nowhere'))).toBe('success');
    });

    it('counts outages as failures', async () => {
      expect(await counted(() => orm.em.fork().execute(SLOW))).toBe('failure');
    });
  });

  describe('Drizzle', () => {
    it('counts what the database answers as answers, and outages as failures', async () => {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      const db = drizzle(pool);
      await db.execute(sql`CREATE TABLE sales (id int PRIMARY KEY)`);
      const insert = () => db.execute(sql`INSERT INTO sales VALUES (1)`);
      await insert();

      expect(await counted(insert)).toBe('success');
      expect(await counted(() => db.execute(sql`SELEC`))).toBe('success');
      expect(await counted(() => db.transaction(async (tx) => tx.rollback()))).toBe('success');
      expect(await counted(() => db.execute(sql.raw(SLOW)))).toBe('failure');
      expect(await counted(() => drizzle(refusing).execute(sql`SELECT 1`))).toBe('failure');
      await pool.end();
    });
  });

  describe('postgres.js', () => {
    it('counts answers, failures and cancellations as what they are', async () => {
      const db = postgres(url, { max: 1, onnotice: () => {} });
      await db`CREATE TABLE stock (id int PRIMARY KEY)`;
      await db`INSERT INTO stock VALUES (1)`;
      const sleep = db`SELECT pg_sleep(10)`;
      const cancelled = counted(() => sleep);
      setTimeout(() => sleep.cancel(), 100);

      expect(await cancelled).toBe('ignored');
      expect(await counted(() => db`INSERT INTO stock VALUES (1)`)).toBe('success');
      await db.end();
      expect(await counted(() => db`SELECT 1`)).toBe('ignored');
      expect(await counted(() => postgres(refusing)`SELECT 1`)).toBe('failure');
    });
  });
});

describe('Mongoose', () => {
  const User = mongoose.model(
    'User',
    new mongoose.Schema({ age: { type: Number, required: true } }, { strict: 'throw', bufferTimeoutMS: 50 }),
  );

  it('counts values that do not fit as answers', async () => {
    expect(await counted(() => new User({}).validate())).toBe('success');
    expect(await counted(() => User.find({ age: 'old' as never }).exec())).toBe('success');
    expect(await counted(() => User.findById('x').exec())).toBe('success');
    expect(await counted(() => new User({ name: 'Ada' } as never))).toBe('success');
  });

  it('counts a server that cannot be reached, and a wait for one, as failures', async () => {
    const away = `mongodb://127.0.0.1:${await freePort()}`;
    const connect = () => mongoose.createConnection(away, { serverSelectionTimeoutMS: 50 }).asPromise();

    expect(await counted(connect)).toBe('failure');
    expect(await counted(() => User.findOne({ age: 7 }).exec())).toBe('failure');
  });
});

describe('Prisma', () => {
  const known = (code: string, meta?: Record<string, unknown>) =>
    new prisma.PrismaClientKnownRequestError('boom', { code, clientVersion: '7', ...(meta && { meta }) });

  it('counts answers of the database, and what does not fit, as answers', async () => {
    for (const code of ['P2002', 'P2003', 'P2025', 'P2034'])
      expect(await thrown(known(code))).toBe('success');
    expect(await thrown(known('P2010', { code: '23505' }))).toBe('success');
    expect(await thrown(new prisma.PrismaClientValidationError('boom', { clientVersion: '7' }))).toBe(
      'success',
    );
  });

  it('counts outages as failures', async () => {
    for (const code of ['P1001', 'P1017', 'P2024', 'P2037'])
      expect(await thrown(known(code))).toBe('failure');
    expect(await thrown(new prisma.PrismaClientInitializationError('boom', '7', 'P1001'))).toBe('failure');
    expect(await thrown(new prisma.PrismaClientUnknownRequestError('boom', { clientVersion: '7' }))).toBe(
      'failure',
    );
  });
});

describe('mssql', () => {
  const request = (number: number, severity: number) => {
    const cause = Object.assign(new Error('boom'), { info: { number, class: severity, state: 1 } });
    return new mssql.RequestError(cause, 'EREQUEST');
  };

  it('counts what the server answers as answers, and its troubles as failures', async () => {
    expect(await thrown(request(2627, 14))).toBe('success');
    expect(await thrown(request(1205, 13))).toBe('success');
    expect(await thrown(request(701, 17))).toBe('failure');
    expect(await thrown(new mssql.RequestError('Canceled.', 'ECANCEL'))).toBe('ignored');
  });

  it('counts a refused connection as a failure', async () => {
    const config = { server: '127.0.0.1', port: await freePort(), connectionTimeout: 2_000 };

    expect(await counted(() => new mssql.ConnectionPool(config).connect())).toBe('failure');
  });
});
