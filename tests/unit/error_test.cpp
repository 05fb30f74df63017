#include <gtest/gtest.h>
#include <plimsoll/device.h>
#include <plimsoll/error.h>

namespace plimsoll {
namespace {

bool mentions(const Error& error, const std::string& text) {
  return error.message.find(text) != std::string::npos;
}

BudgetDenial denial_of_weights() {
  return {.holder = "weights.text",
          .requested_bytes = 366 * kMiB,
          .available_bytes = 120 * kMiB,
          .limit_bytes = 512 * kMiB,
          .holders = {{"media", 0},
                      {"kv", 40 * kMiB},
                      {"cache.images", 12 * kMiB},
                      {"compute.text", 98 * kMiB},
                      {"weights.vision", 103 * kMiB}}};
}

TEST(ErrorCode, HasItsNameAsText) {
  EXPECT_EQ(to_string(ErrorCode::invalid_argument), "invalid_argument");
  EXPECT_EQ(to_string(ErrorCode::not_found), "not_found");
  EXPECT_EQ(to_string(ErrorCode::over_budget), "over_budget");
  EXPECT_EQ(to_string(ErrorCode::out_of_memory), "out_of_memory");
  EXPECT_EQ(to_string(ErrorCode::cancelled), "cancelled");
  EXPECT_EQ(to_string(ErrorCode::busy), "busy");
  EXPECT_EQ(to_string(ErrorCode::engine), "engine");
  EXPECT_EQ(to_string(ErrorCode::io), "io");
  EXPECT_EQ(to_string(ErrorCode::internal), "internal");
}

TEST(Fail, CarriesCodeAndMessageWithoutDenial) {
  const Expected<int> result = fail(ErrorCode::io, "gone");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::io);
  EXPECT_EQ(result.error().message, "gone");
  EXPECT_FALSE(result.error().denial.has_value());
}

TEST(OverBudgetError, KeepsTheFiguresOfTheDenial) {
  const Error error = over_budget_error(denial_of_weights());
  EXPECT_EQ(error.code, ErrorCode::over_budget);
  ASSERT_TRUE(error.denial.has_value());
  EXPECT_EQ(error.denial->holder, "weights.text");
  EXPECT_EQ(error.denial->requested_bytes, 366 * kMiB);
  EXPECT_EQ(error.denial->available_bytes, 120 * kMiB);
  EXPECT_EQ(error.denial->limit_bytes, 512 * kMiB);
}

TEST(OverBudgetError, OrdersHoldersLargestFirstAndDropsEmptyOnes) {
  const Error error = over_budget_error(denial_of_weights());
  ASSERT_TRUE(error.denial.has_value());
  const auto& holders = error.denial->holders;
  ASSERT_EQ(holders.size(), 4U);
  EXPECT_EQ(holders[0].holder, "weights.vision");
  EXPECT_EQ(holders[1].holder, "compute.text");
  EXPECT_EQ(holders[2].holder, "kv");
  EXPECT_EQ(holders[3].holder, "cache.images");
}

TEST(OverBudgetError, SaysEveryFigureAndTheThreeLargestHolders) {
  const Error error = over_budget_error(denial_of_weights());
  for (const char* text : {"weights.text", "366 MiB", "120 MiB", "512 MiB", "weights.vision", "103 MiB",
                           "compute.text", "98.0 MiB", "kv", "40.0 MiB"}) {
    EXPECT_TRUE(mentions(error, text)) << text << " in: " << error.message;
  }
  EXPECT_FALSE(mentions(error, "cache.images"));
  EXPECT_FALSE(mentions(error, "\n"));
}

TEST(OverBudgetError, NamesABoundThatWasMeasured) {
  BudgetDenial denial{.holder = "media",
                      .requested_bytes = 495 * kMiB,
                      .available_bytes = 61 * kMiB,
                      .limit_bytes = 128 * kMiB,
                      .holders = {{"kv", 4 * kMiB}},
                      .bound = "/sys/fs/cgroup/memory.max"};
  EXPECT_EQ(over_budget_error(denial).message,
            "decoding takes 495 MiB and this device has 61.0 MiB left (limit 128 MiB by "
            "/sys/fs/cgroup/memory.max; kv holds 4.00 MiB); make the picture smaller, or give the program "
            "more memory");
  denial.holder = "kv";
  denial.holders = {};
  const Error error = over_budget_error(denial);
  EXPECT_TRUE(mentions(error, "kv needs 495 MiB and this device has 61.0 MiB left"));
  EXPECT_FALSE(mentions(error, "decoding"));
  EXPECT_FALSE(mentions(error, "holds"));
}

TEST(OverBudgetError, HasNoEmptyListWhenNobodyHoldsAnything) {
  const Error error =
      over_budget_error({.holder = "kv", .requested_bytes = 2, .limit_bytes = 1, .holders = {}});
  EXPECT_TRUE(error.denial.has_value());
  EXPECT_FALSE(mentions(error, "()"));
  EXPECT_FALSE(mentions(error, "holds"));
}

}  // namespace
}  // namespace plimsoll
