// Whole models: what is here, what other programs have, what the disk has room for, and who else is pulling.
#include "models/pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "models/hub_request.h"
#include "models/model_folder.h"
#include "models/sha256.h"
#include "tests/file_text.h"
#include "tests/integration/test_server.h"
#include "tests/kernel_tree.h"
#include "tests/temporary_folder.h"

namespace plimsoll::models {
namespace {

namespace fs = std::filesystem;
using How = PulledFile::How;
using test::Connection;
using test::Request;
using test::TestServer;
using testing::HasSubstr;

constexpr const char* kText = "GGUF the text model";
constexpr const char* kVision = "GGUF the encoder";

class PullTest : public testing::Test {
 protected:
  PullTest()
      : server_([](const Request& request, const Connection& c) {
          serve_file(request, c, request.target.ends_with("mmproj-a.gguf") ? kVision : kText);
        }) {}

  std::string hash_of(const std::string& content) {
    tree_.write("hashed", content);
    return *sha256_of(tree_.root() / "hashed", cancel_);
  }

  ModelToPull model() {
    return {"a-model",
            "owner/repo",
            "main",
            {"a.gguf", std::string(kText).size(), hash_of(kText)},
            FileToPull{"mmproj-a.gguf", std::string(kVision).size(), hash_of(kVision)}};
  }

  PullSettings settings() {
    const std::string root = tree_.root().string();
    const Environment environment = [root](const char* name) {
      return std::string(name) == "HOME" ? root : std::string();
    };
    PullSettings settings{
        .models = tree_.root() / "models", .hub = {server_.url(), ""}, .caches = OtherCaches(environment)};
    settings.download.stall = std::chrono::seconds(10);
    settings.download.tries = 2;
    settings.download.wait = [](std::chrono::milliseconds) { return true; };
    return settings;
  }

  KernelTree tree_{{"here", ""}};
  const fs::path folder_ = tree_.root() / "models" / "a-model";
  CancelFlag cancel_;
  TestServer server_;
};

TEST_F(PullTest, FetchesTheEncoderAndThenTheModel) {
  const auto pulled = pull(model(), settings(), cancel_);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(test::file_text(folder_ / "a.gguf"), kText);
  EXPECT_EQ(test::file_text(folder_ / "mmproj-a.gguf"), kVision);
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].target, "/owner/repo/resolve/main/mmproj-a.gguf");
  EXPECT_EQ(requests[1].target, "/owner/repo/resolve/main/a.gguf");
}

TEST_F(PullTest, FetchesNothingTwice) {
  ASSERT_TRUE(pull(model(), settings(), cancel_));
  const auto again = pull(model(), settings(), cancel_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->files[0].how, How::was_here);
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(PullTest, UsesWhatLlamaCppAndTheHubsClientHave) {
  tree_.write(".cache/llama.cpp/owner_repo_a.gguf", kText);
  const fs::path blob = ".cache/huggingface/hub/models--owner--repo/blobs/" + hash_of(kVision);
  const fs::path snapshot = tree_.root() / ".cache/huggingface/hub/models--owner--repo/snapshots/123abc";
  tree_.write(blob, kVision);
  fs::create_directories(snapshot);
  fs::create_symlink(tree_.root() / blob, snapshot / "mmproj-a.gguf");

  const auto pulled = pull(model(), settings(), cancel_);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_TRUE(server_.requests().empty());
  EXPECT_TRUE(fs::is_symlink(folder_ / "a.gguf"));
  EXPECT_EQ(test::file_text(folder_ / "mmproj-a.gguf"), kVision);
  EXPECT_EQ(pulled->files[0].program, "Hugging Face");
  EXPECT_EQ(pulled->files[1].program, "llama.cpp");
}

TEST_F(PullTest, DoesNotTrustWhatLiesInACache) {
  tree_.write(".cache/llama.cpp/owner_repo_a.gguf", "GGUF the text m0del");
  const auto pulled = pull(model(), settings(), cancel_);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_FALSE(fs::is_symlink(folder_ / "a.gguf"));
  EXPECT_EQ(test::file_text(folder_ / "a.gguf"), kText);
}

TEST_F(PullTest, ALinkWhoseCacheWasEmptiedIsFetched) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "origin.json") << R"({"repository": "owner/repo"})";
  fs::create_symlink(tree_.root() / "gone.gguf", folder_ / "a.gguf");
  ASSERT_TRUE(pull(model(), settings(), cancel_));
  EXPECT_EQ(test::file_text(folder_ / "a.gguf"), kText);
  EXPECT_FALSE(fs::exists(tree_.root() / "gone.gguf"));
}

TEST_F(PullTest, ADiskWithoutRoomIsSaidBefore) {
  PullSettings cramped = settings();
  cramped.free_bytes = [](const fs::path&) { return std::uint64_t{10}; };
  const auto pulled = pull(model(), cramped, cancel_);
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::io);
  EXPECT_THAT(pulled.error().message, HasSubstr("10 B are free"));
  EXPECT_TRUE(server_.requests().empty());
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(PullTest, TwoDoNotPullOneModel) {
  const auto held = ModelFolder::open(tree_.root() / "models", model());
  ASSERT_TRUE(held);
  const auto pulled = pull(model(), settings(), cancel_);
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::busy);
}

TEST_F(PullTest, DoesNotMixRepositories) {
  ASSERT_TRUE(pull(model(), settings(), cancel_));
  ModelToPull other = model();
  other.repository = "somebody/else";
  const auto pulled = pull(other, settings(), cancel_);
  ASSERT_FALSE(pulled);
  EXPECT_THAT(pulled.error().message, HasSubstr("owner/repo"));
  fs::remove(folder_ / "origin.json");
  EXPECT_THAT(pull(model(), settings(), cancel_).error().message, HasSubstr("was not pulled"));
}

TEST_F(PullTest, ANameStaysInItsFolder) {
  for (const std::string name : {"", ".", "..", "../a", "a/b", ".hidden"}) {
    ModelToPull named = model();
    named.name = name;
    const auto pulled = pull(named, settings(), cancel_);
    ASSERT_FALSE(pulled) << name;
    EXPECT_EQ(pulled.error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(PullTest, AFolderThatCannotBeMade) {
  PullSettings nowhere = settings();
  nowhere.models = tree_.root() / "here";  // a file
  const auto pulled = pull(model(), nowhere, cancel_);
  ASSERT_FALSE(pulled);
  EXPECT_THAT(pulled.error().message, HasSubstr("PLIMSOLL_MODELS"));
}

TEST(HubRequestTest, ListsARepository) {
  TestServer server([](const Request& request, const Connection& c) {
    if (request.number == 0) return c.answer("500 Oops", "Content-Length: 0\r\n");
    c.answer("200 OK", "", R"({"sha": "abc", "siblings": [{"rfilename": "a.gguf", "size": 5}]})");
  });
  DownloadOptions options;
  options.wait = [](std::chrono::milliseconds) { return true; };
  const CancelFlag cancel;
  const auto listing = fetch_listing({server.url(), "token"}, "owner/repo", options, cancel);
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->revision, "abc");
  EXPECT_EQ(server.requests()[1].target, "/api/models/owner/repo?blobs=true");
  EXPECT_EQ(server.requests()[1].header("authorization"), "Bearer token");
}

}  // namespace
}  // namespace plimsoll::models
