/** What the broker said to an operation, as the package tells it. */

import { type BrokerWords, codeOf, MqttError } from "./errors.js";
import type { Answer, FilterResult } from "./types.js";

/** Adds what the broker added, without what it left out. */
export function answered<T extends Answer>(to: T, words: BrokerWords | undefined): T {
  if (words) {
    const { reasonString, userProperties } = words;
    if (reasonString !== undefined) {
      to.reasonString = reasonString;
    }
    if (userProperties?.length) {
      to.userProperties = userProperties;
    }
  }
  return to;
}

/** `values` alternates: error number, then reason code. */
export function filterResults(
  filters: readonly string[],
  words: BrokerWords | undefined,
  values: readonly unknown[],
): FilterResult[] {
  return filters.slice(0, values.length / 2).map((filter, index) => {
    const number = values[index * 2] as number | undefined;
    const reasonCode = values[index * 2 + 1] as number | undefined;
    return {
      filter,
      ...(reasonCode !== undefined && { reasonCode }),
      ...(number !== undefined && {
        error: new MqttError(codeOf(number), { ...words, reasonCode, filter }),
      }),
    };
  });
}

/** The first error if there is nothing else. */
export function refusal(results: readonly FilterResult[]): MqttError | undefined {
  return results.every(({ error }) => error) ? results[0]?.error : undefined;
}
