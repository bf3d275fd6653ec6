/** A session's records in IndexedDB. It knows keys and bytes, not what they mean. */

import type { Claim } from "./lock.js";

/** Something to do with a record. Without a key: delete all of them; without a value: delete this one. */
type StoreOp = readonly [key: number | undefined, value: Uint8Array | undefined];

const RECORDS = "records";
/** Somebody else's `deleteDatabase` can hold up the opening for as long as it likes. */
const OPEN_PATIENCE = 5_000;

/** Makes an error of a request that failed. */
function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(RECORDS);
  };
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new DOMException("The database did not open in time.", "TimeoutError"));
    }, OPEN_PATIENCE);
    done(request)
      .finally(() => clearTimeout(timer))
      .then((db) => (late ? db.close() : resolve(db)), reject);
  });
}

/** Key (8 bytes), length (4 bytes), value, and so on: what the engine takes. */
function packed(keys: readonly IDBValidKey[], values: readonly unknown[]): Uint8Array {
  const records = keys.flatMap((key, index) => {
    const value = values[index];
    // What is no record at all is left to the engine as one that is damaged.
    return typeof key === "number" && Number.isSafeInteger(key) && key >= 0
      ? [{ key, value: value instanceof Uint8Array ? value : new Uint8Array() }]
      : [];
  });
  const bytes = new Uint8Array(records.reduce((sum, { value }) => sum + 12 + value.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { key, value } of records) {
    view.setBigUint64(at, BigInt(key));
    view.setUint32(at + 8, value.length);
    bytes.set(value, at + 12);
    at += 12 + value.length;
  }
  return bytes;
}

export class Store {
  /** For the engine. */
  readonly options: { readonly durable: number; readonly records: Uint8Array };
  /** Told how many operations are durable, counted from the beginning. */
  onstored: (ops: number) => void = () => {};
  /** Told once. What comes then is not written, but for a last attempt to delete everything. */
  onfailed: (cause: unknown) => void = () => {};
  /** Told when nothing more will be written. */
  onclosed: () => void = () => {};
  readonly #db: IDBDatabase;
  readonly #strict: boolean;
  #waiting: StoreOp[] = [];
  #writing = 0;
  #stored = 0;
  #failed = false;
  #closing = false;

  constructor(db: IDBDatabase, records: Uint8Array, strict: boolean) {
    this.#db = db;
    this.#strict = strict;
    this.options = { durable: strict ? 2 : 1, records };
    // Somebody deletes the database, or the browser has closed it.
    db.onversionchange = () => {
      db.close();
      this.#fail(new DOMException("The store is being deleted.", "AbortError"));
    };
    db.onclose = () => this.#fail(new DOMException("The browser closed the store.", "AbortError"));
  }

  /** Writes all of it or nothing, in one transaction; together with what comes while another one is on its way. */
  write(batch: readonly unknown[]): void {
    if (this.#closing) {
      return;
    }
    const ops = Array.from(
      { length: batch.length / 2 },
      (_, index) => batch.slice(index * 2, index * 2 + 2) as unknown as StoreOp,
    );
    if (this.#failed) {
      this.#clear(ops);
      return;
    }
    this.#waiting.push(...ops);
    // One flush to the disk at a time takes all that has gathered. Without flushes nothing gathers.
    if (this.#writing === 0 || !this.#strict) {
      this.#flush();
    }
  }

  /** Closes the database when everything is written. */
  close(): void {
    this.#closing = true;
    this.#closeIfDone();
  }

  #flush(): void {
    const ops = this.#waiting;
    if (ops.length === 0) {
      this.#closeIfDone();
      return;
    }
    this.#waiting = [];
    try {
      const transaction = this.#apply(ops);
      this.#writing += 1;
      transaction.oncomplete = () => {
        this.#writing -= 1;
        this.#stored += ops.length;
        if (!this.#failed) {
          this.onstored(this.#stored);
          this.#flush();
        }
      };
      transaction.onabort = () => this.#fail(transaction.error);
    } catch (error) {
      this.#fail(error);
    }
  }

  #apply(ops: readonly StoreOp[]): IDBTransaction {
    const durability = this.#strict ? "strict" : "relaxed";
    const transaction = this.#db.transaction(RECORDS, "readwrite", { durability });
    const records = transaction.objectStore(RECORDS);
    for (const [key, value] of ops) {
      if (key === undefined) {
        records.clear();
      } else if (value) {
        records.put(value, key);
      } else {
        records.delete(key);
      }
    }
    transaction.commit?.();
    return transaction;
  }

  #closeIfDone(): void {
    if (this.#closing && (this.#failed || (this.#writing === 0 && this.#waiting.length === 0))) {
      this.#shut();
    }
  }

  #shut(): void {
    this.#db.close();
    this.onclosed();
  }

  #fail(cause: unknown): void {
    if (this.#failed) {
      return;
    }
    this.#failed = true;
    this.#waiting = [];
    if (this.#closing) {
      this.#shut();
    } else {
      this.onfailed(cause);
    }
  }

  /** What is no longer kept up would mislead the next page. */
  #clear(ops: readonly StoreOp[]): void {
    if (ops.some(([key]) => key === undefined)) {
      try {
        this.#apply([[undefined, undefined]]);
      } catch {
        // It was closed already.
      }
      this.#shut();
    }
  }
}

/** Opens the database and reads it. Rejects if there is none to be had. */
export async function openStore({ name, release }: Claim, strict: boolean): Promise<Store> {
  const db = await open(name);
  try {
    const records = db.transaction(RECORDS).objectStore(RECORDS);
    const [keys, values] = await Promise.all([done(records.getAllKeys()), done(records.getAll())]);
    const store = new Store(db, packed(keys, values), strict);
    store.onclosed = release;
    return store;
  } catch (error) {
    db.close();
    throw error;
  }
}
