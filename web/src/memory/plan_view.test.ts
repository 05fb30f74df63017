import { describe, expect, it } from "vitest";
import { configurationRows, planPath } from "./plan_view";

describe("planPath", () => {
  it("asks only for what was chosen", () => {
    expect(planPath("", "")).toBe("v1/plan");
    expect(planPath("4GiB", "quick-fix")).toBe("v1/plan?device_memory=4GiB&strategy=quick-fix");
  });
});

describe("configurationRows", () => {
  it("says a class in words", () => {
    const rows = new Map(configurationRows({ cache_limit_bytes: 3 * 2 ** 20, memory_limit_bytes: null, max_tokens: 300, image_size: 1 << 20, keep_model_loaded: false, aggressive_cleanup: "on-cancel" }));
    expect(rows.get("load line")).toBe("none");
    expect(rows.get("picture")).toBe("all that the model sees");
    expect(rows.get("model")).toBe("leaves after each answer");
    expect(rows.get("clean-up")).toBe("thorough on cancel");
  });
});
