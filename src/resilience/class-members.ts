/**
 * What a class has besides its members, each put there by a static member whose value is marked as pure. Written into the
 * class, a static block or a member under a symbol keeps the class in every bundle, whether or not anybody uses it.
 */
import { setName, setStatus } from '../core/errors.js';

/** Names the errors of a class, and gives them the status to answer with. */
export function nameErrors(errorClass: { prototype: Error }, name: string, status: number): true {
  setName(errorClass, name);
  setStatus(errorClass, status);
  return true;
}

/** Makes a member known by a symbol as well, for other parts of this package and other copies of it. */
export function openDoor<Instance extends object>(
  { prototype }: { prototype: Instance },
  door: symbol,
  member: keyof Instance,
): true {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, member);
  return Reflect.defineProperty(prototype, door, descriptor as PropertyDescriptor) as true;
}
