// @ts-check
import { testBroker } from "./suites/broker_suite.mjs";

await testBroker("mosquitto");
