#include "models/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/http_fields.h"
#include "models/hub_listing.h"
#include "models/patience.h"

namespace plimsoll::models {
namespace {

using testing::HasSubstr;

TEST(HubTest, ReadsReferences) {
  const auto plain = parse_hub_reference("hf:ggml-org/SmolVLM-500M-Instruct-GGUF");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->repository, "ggml-org/SmolVLM-500M-Instruct-GGUF");
  EXPECT_EQ(plain->file, "");
  EXPECT_EQ(parse_hub_reference("hf:a/b:c/d.gguf")->file, "c/d.gguf");
  for (const char* const text : {"hf:", "hf:a", "hf:a/", "hf:/b", "hf:a/b/c", "hf:a/b:", "hf:a/../b",
                                 "hf:../b", "hf:a b/c", "a/b", "hf:a/b?x"}) {
    EXPECT_FALSE(parse_hub_reference(text)) << text;
  }
}

TEST(HubTest, MakesUrls) {
  const Hub hub = hub_of([](const char* name) {
    return std::string(name) == "HF_ENDPOINT" ? std::string("https://mirror.example/") : std::string();
  });
  EXPECT_EQ(file_url(hub, "a/b", "main", "c d/e#.gguf"),
            "https://mirror.example/a/b/resolve/main/c%20d/e%23.gguf");
  EXPECT_EQ(listing_url(hub, "a/b"), "https://mirror.example/api/models/a/b?blobs=true");
  EXPECT_EQ(hub_of([](const char*) { return std::string(); }).endpoint, "https://huggingface.co");
}

HubListing listing_of(const std::vector<std::string>& paths) {
  HubListing listing{"abc", {}};
  for (const std::string& path : paths) listing.files.push_back({path});
  return listing;
}

TEST(HubListingTest, TakesTheHashAndSizeOfTheHub) {
  const std::string sha256(64, 'b');
  const auto listing = parse_listing(R"({"sha": "abc", "siblings": [{"rfilename": "a.gguf", "size": 7,
    "lfs": {"sha256": ")" + sha256 + R"("}}, {"rfilename": "b.gguf", "lfs": null}]})");
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->files[0].bytes, 7U);
  EXPECT_EQ(listing->files[0].sha256, sha256);
  EXPECT_EQ(listing->files[1].sha256, "");
  for (const char* const text : {"", "[]", "{}", "<html>", R"({"siblings": [1]})", R"({"siblings": 5})"}) {
    EXPECT_FALSE(parse_listing(text)) << text;
  }
}

TEST(HubListingTest, PrefersQ8) {
  const auto listing = listing_of({"README.md", "M-f16.gguf", "M-Q8_0.gguf", "M-Q4_K_M.gguf",
                                   "mmproj-M-f16.gguf", "mmproj-M-bf16.gguf", "mmproj-M-Q8_0.gguf"});
  const auto chosen = choose_files(listing, {"o/r", ""});
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(chosen->name, "M-Q8_0");
  EXPECT_EQ(chosen->text.path, "M-Q8_0.gguf");
  EXPECT_EQ(chosen->vision->path, "mmproj-M-Q8_0.gguf");
  EXPECT_EQ(chosen->revision, "abc");
  EXPECT_EQ(choose_files(listing, {"o/r", "q4_k_m"})->text.path, "M-Q4_K_M.gguf");
  EXPECT_EQ(choose_files(listing, {"o/r", "M-f16.gguf"})->text.path, "M-f16.gguf");
}

TEST(HubListingTest, SaysWhatThereIsToChooseFrom) {
  const auto listing = listing_of({"M-Q4_0.gguf", "M-Q4_1.gguf"});
  EXPECT_THAT(choose_files(listing, {"o/r", ""}).error().message, HasSubstr("M-Q4_0.gguf, M-Q4_1.gguf"));
  EXPECT_THAT(choose_files(listing, {"o/r", "q5"}).error().message, HasSubstr("M-Q4_1.gguf"));
  EXPECT_FALSE(choose_files(listing_of({"a-00001-of-00002.gguf", "mmproj-a.gguf"}), {"o/r", ""}));
  const auto only = choose_files(listing_of({"sub/M-Q4_0.gguf", "mmproj-model-f16.gguf"}), {"o/r", ""});
  ASSERT_TRUE(only);
  EXPECT_EQ(only->name, "M-Q4_0");
  EXPECT_EQ(only->vision->path, "mmproj-model-f16.gguf");
  EXPECT_FALSE(choose_files(listing_of({"M.gguf"}), {"o/r", ""})->vision);
}

TEST(HttpFieldsTest, ReadsContentRanges) {
  EXPECT_EQ(parse_content_range("bytes 100-199/200")->from, 100U);
  EXPECT_EQ(parse_content_range("bytes 100-199/200")->all, 200U);
  EXPECT_FALSE(parse_content_range("bytes 0-5/*")->all);
  for (const char* const text : {"", "bytes", "bytes 5", "bytes x-5/6", "items 1-2/3", "bytes /9"}) {
    EXPECT_FALSE(parse_content_range(text)) << text;
  }
  EXPECT_TRUE(is_strong("\"a\""));
  EXPECT_FALSE(is_strong("W/\"a\""));
}

TEST(PatienceTest, WaitsLongerAndGivesUp) {
  using std::chrono::seconds;
  Patience patience(4);
  EXPECT_EQ(patience.after_failure({}), seconds(1));
  EXPECT_EQ(patience.after_failure({}), seconds(2));
  EXPECT_EQ(patience.after_failure(seconds(3600)), seconds(120));
  EXPECT_FALSE(patience.after_failure({}));
  patience.renew();
  EXPECT_EQ(patience.after_failure({}), seconds(1));
  Patience long_one(100);
  for (int i = 0; i < 50; ++i) EXPECT_LE(*long_one.after_failure({}), seconds(30));
}

}  // namespace
}  // namespace plimsoll::models
