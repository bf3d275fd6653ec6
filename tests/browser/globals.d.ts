// What `page/bench.js` puts on the page's global object, for the functions that run there.

/* biome-ignore-all lint/suspicious/noExplicitAny: values that cross into the page carry no types. */

declare var bench: {
  webmqtt: any;
  calls: any;
  outcome(call: () => any, pick?: (value: any) => any): Promise<any>;
  describeError(error: any): any;
  violations: string[];
};

declare var aborter: AbortController;

declare var worker: Worker;

declare var endurance: any;

declare var ledger: { held(): string[]; memory(): number };

declare var lives: any;

declare var soak: any;

declare var checks: any;

declare var wire: any;
