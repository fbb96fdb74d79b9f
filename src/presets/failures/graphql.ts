import { nameOf, read, readList, readPath } from './fields.js';
import type { Rule, ValueRule, Verdict } from './judge.js';
import { judgeWord } from './words.js';

/** Where an error of a GraphQL response has its code: Apollo and most, Spring, DGS, GitHub, AppSync; urql wraps it. */
const CODE_PATHS = [
  ['extensions', 'code'],
  ['extensions', 'classification'],
  ['extensions', 'errorType'],
  ['type'],
  ['errorType'],
  ['originalError', 'type'],
  ['originalError', 'errorType'],
] as const;

/** One error of a response: it has `extensions`, or a place in the query. */
export const graphqlError: Rule = (error) => {
  const isOne =
    read(error, 'extensions') != null || read(error, 'locations') != null || read(error, 'path') != null;
  return isOne ? judgeCode(error) : undefined;
};

/** An error that carries those of a response: graphql-request, Apollo Client 3, urql. Apollo Client 4 has `errors`. */
export const graphql: Rule = (error) => {
  const own = graphqlError(error);
  return own === undefined ? judgeAll(errorsIn(error)) : own;
};

/**
 * Whether a value is a result of urql, of Apollo Client with `errorPolicy: 'all'`, or a response of GraphQL, that tells of
 * a failure: they resolve even if nothing could be reached.
 */
export const isBadGraphql: ValueRule = (value, isBadError) => {
  const error = read(value, 'error');
  if (RESULTS.has(nameOf(error) ?? '') && 'data' in (value as object)) return isBadError(error);
  return read(value, 'data') == null && judgeAll(readList(value, 'errors')) === true;
};

/** What results of urql and Apollo Client have for an error; a TypeError is the network's. */
const RESULTS = new Set([
  'CombinedError',
  'ApolloError',
  'CombinedGraphQLErrors',
  'CombinedProtocolErrors',
  'LinkError',
  'ServerError',
  'ServerParseError',
  'TypeError',
]);

function errorsIn(error: unknown): unknown[] {
  const errors = readList(error, 'graphQLErrors');
  return errors.length > 0 ? errors : readList(read(error, 'response'), 'errors');
}

/** One failure is enough; an answer must be all that there is. */
function judgeAll(errors: readonly unknown[]): Verdict | undefined {
  const verdicts = errors.map(judgeCode);
  if (verdicts.includes(true)) return true;
  return verdicts.length === 0 || verdicts.includes(undefined)
    ? undefined
    : verdicts.includes(false)
      ? false
      : 'ignore';
}

function judgeCode(error: unknown): Verdict | undefined {
  return CODE_PATHS.map((path) => judgeWord(readPath(error, path))).find((verdict) => verdict !== undefined);
}
