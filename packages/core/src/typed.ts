/** Machinery's scalar types (and `bigint`, which travels as `int64` or `uint64`), and what they hold in JavaScript. */
interface Scalars {
  bool: boolean;
  string: string;
  int: number | bigint;
  int8: number;
  int16: number;
  int32: number;
  int64: number | bigint;
  uint: number | bigint;
  uint8: number;
  uint16: number;
  uint32: number;
  uint64: number | bigint;
  float32: number;
  float64: number;
  bigint: bigint;
}

/** What a value can be declared as: a scalar, a slice of scalars, or `json` for all other data, which only we know. */
export type ValueType = keyof Scalars | `[]${keyof Scalars | "byte"}` | "json";

/** What JavaScript may give for a `ValueType`. */
export type ValueOf<T extends ValueType> = T extends keyof Scalars
  ? Scalars[T]
  : T extends "[]uint8" | "[]byte"
    ? Uint8Array | readonly number[]
    : T extends `[]${infer Item extends keyof Scalars}`
      ? readonly Scalars[Item][]
      : unknown;

/** A value whose type is stated instead of inferred. It is checked when it is encoded, not when it is made. */
export class Typed<T> {
  readonly type: ValueType;
  readonly value: T;
  /** For the compiler only: without it any `{ type, value }` of a program would pass for one. */
  declare private readonly stated: true;

  constructor(type: ValueType, value: T) {
    this.type = type;
    this.value = value;
  }
}

/** States the type of a value: `typed("[]int32", [1, 2])`. */
export function typed<T extends ValueType>(type: T, value: ValueOf<T>): Typed<ValueOf<T>> {
  return new Typed(type, value);
}

/** States a type of 64 bits; a bigint arrives as one. */
export interface WideInteger {
  (value: number): Typed<number>;
  (value: bigint): Typed<bigint>;
}

function stating(type: ValueType): <T>(value: T) => Typed<T> {
  return (value) => new Typed(type, value);
}

export const int: WideInteger = stating("int");
export const int8: (value: number) => Typed<number> = stating("int8");
export const int16: (value: number) => Typed<number> = stating("int16");
export const int32: (value: number) => Typed<number> = stating("int32");
export const int64: WideInteger = stating("int64");
export const uint: WideInteger = stating("uint");
export const uint8: (value: number) => Typed<number> = stating("uint8");
export const uint16: (value: number) => Typed<number> = stating("uint16");
export const uint32: (value: number) => Typed<number> = stating("uint32");
export const uint64: WideInteger = stating("uint64");
/** Rounds to 32 bits. */
export const float32: (value: number) => Typed<number> = stating("float32");
export const float64: (value: number) => Typed<number> = stating("float64");
export const bytes: (value: Uint8Array) => Typed<Uint8Array> = stating("[]uint8");
/** For data that would be inferred as something else: `json([1, 2])` is no `[]int64`. */
export const json: <T>(value: T) => Typed<T> = stating("json");
