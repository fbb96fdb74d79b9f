import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  type INestApplication,
  Module,
  SetMetadata,
} from '@nestjs/common';
import { APP_GUARD, NestFactory, Reflector } from '@nestjs/core';
import { CircuitBreakerRegistry, withCircuitBreaker } from 'recloser';
import { describe, expect, it, onTestFinished } from 'vitest';

/** Lets in who has the role that the handler asks for, as it is told by metadata. */
class RolesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const role = new Reflector().get<string | undefined>('role', context.getHandler());
    return role === undefined || context.switchToHttp().getRequest().headers['x-role'] === role;
  }
}

type Decorators = Record<'route' | 'breaker' | 'role' | 'code', MethodDecorator>;

/** A started application with one route, which is decorated in this order from above. */
async function startApp(order: readonly (keyof Decorators)[], isUp = true) {
  const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 1 } });
  const decorators: Decorators = {
    route: Get('list'),
    breaker: withCircuitBreaker('users', { registry }) as MethodDecorator,
    role: SetMetadata('role', 'admin'),
    code: HttpCode(202),
  };
  class Users {
    readonly #names = ['Ada'];
    async list(): Promise<string[]> {
      if (!isUp) throw new Error('down');
      return this.#names;
    }
  }
  // What the compiler makes of decorators with `experimentalDecorators`.
  const method = Object.getOwnPropertyDescriptor(Users.prototype, 'list')!;
  const decorated = Reflect.decorate(
    order.map((name) => decorators[name]),
    Users.prototype,
    'list',
    method,
  );
  Object.defineProperty(Users.prototype, 'list', decorated as PropertyDescriptor);
  Controller('users')(Users);
  class App {}
  Module({ controllers: [Users], providers: [{ provide: APP_GUARD, useClass: RolesGuard }] })(App);

  const app: INestApplication = await NestFactory.create(App, { logger: false });
  await app.listen(0, '127.0.0.1');
  onTestFinished(() => app.close());
  const { port } = app.getHttpServer().address() as AddressInfo;
  const get = async (role: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/users/list`, { headers: { 'x-role': role } });
    return { status: response.status, body: await response.json() };
  };
  return { registry, get };
}

/** Every order of the four. */
const ORDERS = permutations(['route', 'breaker', 'role', 'code'] as const);

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((it) => it !== item)).map((rest) => [item, ...rest]),
  );
}

describe.each(ORDERS.map((order) => ({ order, name: order.join(', ') })))(
  'a NestJS route: $name',
  ({ order }) => {
    it('keeps its path, its status code, its guard and its breaker', async () => {
      const { get, registry } = await startApp(order);

      expect(await get('guest')).toMatchObject({ status: 403 });
      expect(await get('admin')).toEqual({ status: 202, body: ['Ada'] });
      expect(registry.get('users')?.metrics.totals).toMatchObject({ calls: 1, successes: 1 });
    });
  },
);

it('answers 503 for a rejection, without a filter', async () => {
  const { get } = await startApp(['route', 'breaker'], false);
  await get('guest');

  expect(await get('guest')).toMatchObject({ status: 503 });
});
