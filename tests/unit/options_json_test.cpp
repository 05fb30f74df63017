#include "report/options_json.h"

#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

TEST(OptionsJson, CarriesEveryOption) {
  session::SessionOptions sent{.device = {Strategy::fitted, 123},
                               .model = "m",
                               .mmproj = "v",
                               .vision_kernels = VisionKernels::plain,
                               .memory_limit_bytes = 1,
                               .cache_limit_bytes = 2,
                               .max_tokens = 3,
                               .image_size = 4,
                               .temperature = 0.5F,
                               .top_p = 0.25F,
                               .threads = 5,
                               .verbose = true};
  const auto read = options_from_json(Json::parse(text_of(options_json(sent))));
  EXPECT_EQ(read.device.strategy, Strategy::fitted);
  EXPECT_EQ(read.device.device_memory_bytes, 123U);
  EXPECT_EQ(read.model, "m");
  EXPECT_EQ(read.mmproj, "v");
  EXPECT_EQ(read.vision_kernels, VisionKernels::plain);
  EXPECT_EQ(read.memory_limit_bytes, 1U);
  EXPECT_EQ(read.cache_limit_bytes, 2U);
  EXPECT_EQ(read.max_tokens, 3);
  EXPECT_EQ(read.image_size, 4);
  EXPECT_EQ(read.temperature, 0.5F);
  EXPECT_EQ(read.top_p, 0.25F);
  EXPECT_EQ(read.threads, 5);
  EXPECT_TRUE(read.verbose);
  EXPECT_EQ(options_from_json(Json::parse(text_of(options_json({})))).max_tokens, std::nullopt);
}

}  // namespace
}  // namespace plimsoll::report
