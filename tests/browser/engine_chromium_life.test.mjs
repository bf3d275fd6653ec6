// @ts-check
import { pageLifeTests } from "./suites/page_life.mjs";

pageLifeTests("chromium");
