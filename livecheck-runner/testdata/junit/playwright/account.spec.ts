// One test for each way in which a test can end.
import { expect, test } from "@playwright/test";

test.describe("account", () => {
  test("logs in", async ({ page }) => {
    await page.setContent("<h1>Welcome</h1>");
    await expect(page.getByRole("heading")).toHaveText("Welcome");
  });

  test("keeps the language", async ({ page }) => {
    await page.setContent("<p id=language>&lt;en&gt;</p>");
    await expect(page.locator("#language")).toHaveText("de");
  });

  test("is found at the second look", async ({ page }, { retry }) => {
    await page.setContent(retry ? "<p>found</p>" : "");
    await expect(page.getByText("found")).toBeVisible();
  });

  test("answers in time", async () => {
    test.setTimeout(500);
    await new Promise(() => {});
  });

  test("pays", async () => {
    test.skip(true, "there is no sandbox");
  });
});
