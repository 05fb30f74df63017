#include "engine/gguf_header.h"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::engine {
namespace {

const std::string kSeeds = std::string(PLIMSOLL_SOURCE_DIR) + "/tests/fuzz/corpus/gguf_header/";

TEST(GgufHeader, IsReadWithItsTensors) {
  const auto header = GgufHeader::read(kSeeds + "text.gguf");
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->text("general.architecture"), "llama");
  EXPECT_EQ(gguf_get_n_tensors(header->get()), 2);
}

// ggml takes it: the product of the sides wraps around to nothing.
TEST(GgufHeader, ATensorOfMoreElementsThanThereAreNumbersIsRefused) {
  const auto header = GgufHeader::read(kSeeds + "elements_wrap_to_nothing.gguf");
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::engine
