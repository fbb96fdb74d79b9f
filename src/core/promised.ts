/**
 * The types of functions once they are guarded. A guarded call answers a promise of ours: where an answer had methods
 * of its own, as that of an SDK may have, they are gone, and the type says so.
 */

// biome-ignore lint/suspicious/noExplicitAny: any function at all
export type AnyFunction = (...args: any[]) => unknown;

/** Whether an answer has members that no promise of ours has. */
type HasMore<Answer> = unknown extends Answer
  ? false
  : [Exclude<keyof Answer, keyof Promise<unknown>>] extends [never]
    ? false
    : true;

/** Whether a function answers a promise and nothing more, so that a promise of ours is as good. */
type IsPlain<F extends AnyFunction> = F extends (...args: never[]) => Promise<unknown>
  ? HasMore<ReturnType<F>> extends true
    ? false
    : true
  : false;

type ThisOf<F> = F extends AnyFunction ? ThisParameterType<F> : unknown;

type Last<F, Args extends unknown[], Answer> = (this: ThisOf<F>, ...args: Args) => Promise<Awaited<Answer>>;

/** An earlier overload; nothing where there is none, which is inferred as one of unknown arguments. */
type Earlier<F, Args extends unknown[], Answer> = unknown[] extends Args ? unknown : Last<F, Args, Answer>;

/** A function of which each of up to four overloads answers a promise. */
type Promised<F> = F extends {
  (...args: infer A): infer P;
  (...args: infer B): infer Q;
  (...args: infer C): infer R;
  (...args: infer D): infer S;
}
  ? Earlier<F, A, P> & Earlier<F, B, Q> & Earlier<F, C, R> & Last<F, D, S>
  : F extends { (...args: infer A): infer P; (...args: infer B): infer Q; (...args: infer C): infer R }
    ? Earlier<F, A, P> & Earlier<F, B, Q> & Last<F, C, R>
    : F extends { (...args: infer A): infer P; (...args: infer B): infer Q }
      ? Earlier<F, A, P> & Last<F, B, Q>
      : F extends (...args: infer A) => infer P
        ? Last<F, A, P>
        : never;

/** The guarded function: as it was if it answers a promise and nothing more, else with its answer in one. */
export type Guarded<F extends AnyFunction> = IsPlain<F> extends true ? F : Promised<F>;

// biome-ignore lint/suspicious/noExplicitAny: any asynchronous method
type AsyncMethod = (...args: any[]) => PromiseLike<unknown>;

/** The names of the methods of a client that answer promises. */
export type AsyncMethodOf<Client> = {
  [Key in keyof Client]-?: NonNullable<Client[Key]> extends AsyncMethod ? Key : never;
}[keyof Client];

/** How deep paths are followed. */
type Depth = [1, 1, 1, 1];

/**
 * The paths to the methods of a client that answer promises, those of objects inside it too, such as
 * `chat.completions.create`; at most four names long. Any, of a client of which no type is known.
 */
export type AsyncMethodPath<Client> = unknown extends Client
  ? string
  : [keyof Client] extends [never]
    ? string
    : PathIn<Client, Depth, Client>;

type PathIn<T, Left extends unknown[], Seen> = {
  [Key in keyof T & string]-?: PathAt<Key, NonNullable<T[Key]>, Left, Seen>;
}[keyof T & string];

type PathAt<Key extends string, Member, Left extends unknown[], Seen> = unknown extends Member
  ? never
  : (Member extends AsyncMethod ? Key : never) | Deeper<Key, Member, Left, Seen>;

/** What has been on the way already is not gone into again. */
type Deeper<Key extends string, Member, Left extends unknown[], Seen> = Left extends [unknown, ...infer Rest]
  ? Member extends Seen | PromiseLike<unknown>
    ? never
    : Member extends object
      ? `${Key}.${PathIn<Member, Rest, Seen | Member>}`
      : never
  : never;

/** The paths among these whose methods answer more than a promise. */
type Rich<Client, Path> = Path extends `${infer Key}.${infer Rest}`
  ? Key extends keyof Client
    ? Rich<NonNullable<Client[Key]>, Rest> extends never
      ? never
      : Path
    : never
  : Path extends keyof Client
    ? NonNullable<Client[Path]> extends infer F extends AnyFunction
      ? HasMore<ReturnType<F>> extends true
        ? Path
        : never
      : never
    : never;

/** The first name of a path, and what comes after it. */
type HeadOf<Path> = Path extends `${infer Key}.${string}` ? Key : Path;
type RestOf<Path, Key> = Path extends `${Key & string}.${infer Rest}` ? Rest : never;

type Rebuilt<Client, Path> = (Client extends AnyFunction ? Guarded<Client> : unknown) & {
  [Key in keyof Client]: Key extends HeadOf<Path>
    ? Key extends Path
      ? Promised<NonNullable<Client[Key]>>
      : Rebuilt<Client[Key], RestOf<Path, Key>>
    : Client[Key];
};

/** A client as it is protected: as it was, unless methods of it answered more than promises. */
export type Protected<Client, Path> = [Rich<Client, Path>] extends [never]
  ? Client
  : Rebuilt<Client, Rich<Client, Path>>;
