import { defineConfig } from "@playwright/test";

const launchOptions = { executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] };

export default defineConfig({
  reporter: [["junit", { outputFile: "results.xml" }]],
  retries: 1,
  timeout: 5_000,
  expect: { timeout: 500 },
  use: { screenshot: "only-on-failure" },
  projects: [
    { name: "desktop", use: { launchOptions } },
    { name: "phone", use: { launchOptions, viewport: { width: 375, height: 700 } }, grep: /logs in/ },
  ],
});
