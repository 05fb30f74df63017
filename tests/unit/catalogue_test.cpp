#include "models/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel_tree.h"

namespace plimsoll::models {
namespace {

const std::string kGood = R"({"models": [{"name": "a", "title": "A", "licence": "MIT", "repository": "o/r",
  "revision": null, "text": {"file": "t.gguf", "bytes": 5, "sha256": null},
  "vision": {"file": "v.gguf", "bytes": null, "sha256": ")" +
                          std::string(64, 'a') + R"("}, "fits": ["low"], "streams": []}]})";

TEST(CatalogueTest, ReadsWhatIsKnownAndWhatIsNot) {
  const auto catalogue = parse_catalogue(kGood);
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  const CatalogueModel& model = catalogue->front();
  EXPECT_EQ(model.files.revision, "main");
  EXPECT_EQ(model.files.text.bytes, 5U);
  EXPECT_EQ(model.files.text.sha256, "");
  EXPECT_FALSE(model.files.vision->bytes);
  EXPECT_TRUE(model.fits_known);
}

TEST(CatalogueTest, RefusesWhatIsNone) {
  std::string short_hash = kGood;
  short_hash.replace(short_hash.find("aaaa"), 1, "");
  std::string no_name = kGood;
  no_name.replace(no_name.find("\"name\""), 6, "\"nome\"");
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[1]"), short_hash, no_name}) {
    const auto catalogue = parse_catalogue(text);
    ASSERT_FALSE(catalogue) << text;
    EXPECT_EQ(catalogue.error().code, ErrorCode::invalid_argument);
  }
}

TEST(CatalogueTest, TheShippedOneIsWhole) {
  const auto catalogue = read_catalogue({"/nowhere", PLIMSOLL_SOURCE_DIR "/models"});
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  EXPECT_GE(catalogue->size(), 10U);
  for (const CatalogueModel& model : *catalogue) {
    EXPECT_TRUE(model.files.vision) << model.files.name;
    EXPECT_FALSE(model.licence.empty()) << model.files.name;
    EXPECT_EQ(model.files.vision && model.files.text.path == model.files.vision->path, false);
    EXPECT_EQ(find_in(*catalogue, model.files.name), &model) << "a name that two models have";
  }
  EXPECT_NE(find_in(*catalogue, "SmolVLM-500M"), nullptr);
  EXPECT_EQ(find_in(*catalogue, "smolvlm"), nullptr);
}

TEST(CatalogueTest, SaysWhichFileIsDamaged) {
  KernelTree tree{{"catalogue.json", "{"}};
  EXPECT_THAT(read_catalogue({tree.root()}).error().message, testing::HasSubstr("catalogue.json"));
  EXPECT_EQ(read_catalogue({tree.root() / "none"}).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace plimsoll::models
