/** Whether a function can only be called with `new`. A method may be named `class`, and has parentheses after it. */
export function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b(?!\s*\()/.test(Function.prototype.toString.call(value));
}
