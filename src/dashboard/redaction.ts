/** What is shown of the words of errors. */
import type { DashboardOptions } from './options.js';

/** What is shown of a message. It never throws. */
export type Redact = (message: string) => string;

export function createRedact(redact: DashboardOptions['redact']): Redact {
  if (redact === undefined) return (message) => message;
  if (redact === false) return () => '';
  return (message) => {
    if (message === '') return '';
    try {
      const shown: unknown = redact(message);
      return typeof shown === 'string' ? shown : '';
    } catch {
      return '';
    }
  };
}
