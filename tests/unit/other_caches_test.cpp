#include "models/other_caches.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "base/model_folders.h"
#include "models/models_here.h"
#include "tests/kernel_tree.h"

namespace plimsoll::models {
namespace {

namespace fs = std::filesystem;

Environment declared(std::map<std::string, std::string> variables) {
  return [variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

TEST(OtherCachesTest, FindsLlamaCppsFlatFiles) {
  KernelTree tree{{"cache/ggml-org_R-GGUF_a.gguf", "GGUF"},
                  {"cache/ggml-org_R-GGUF_a.gguf.json", "{}"},
                  {"cache/ggml-org_R-GGUF_a.gguf.downloadInProgress", "GG"}};
  const OtherCaches caches(declared({{"LLAMA_CACHE", (tree.root() / "cache").string()}}));
  ASSERT_EQ(caches.find("ggml-org/R-GGUF", "a.gguf").size(), 1U);
  EXPECT_EQ(caches.find("ggml-org/R-GGUF", "a.gguf")[0].program, "llama.cpp");
  EXPECT_TRUE(caches.find("ggml-org/R-GGUF", "b.gguf").empty());
  EXPECT_TRUE(caches.find("other/R-GGUF", "a.gguf").empty());
  EXPECT_EQ(caches.all().size(), 1U);
}

TEST(OtherCachesTest, FindsSnapshotsOfTheHubsClient) {
  KernelTree tree{{"hub/models--o--r--x/snapshots/r1/sub/a.gguf", "GGUF"},
                  {"hub/models--o--r--x/snapshots/r2/a.gguf", "GGUF"},
                  {"hub/models--o--r--x/refs/main", "r2"},
                  {"hub/version.txt", "1"}};
  fs::create_symlink("gone", tree.root() / "hub/models--o--r--x/snapshots/r2/lost.gguf");
  const std::vector<std::pair<std::string, fs::path>> ways{
      {"HF_HOME", tree.root()}, {"HF_HUB_CACHE", tree.root() / "hub"}, {"LLAMA_CACHE", tree.root() / "hub"}};
  for (const auto& [variable, folder] : ways) {
    const OtherCaches caches(declared({{variable, folder.string()}}));
    EXPECT_EQ(caches.find("o/r--x", "sub/a.gguf").size(), 1U);
    EXPECT_EQ(caches.find("o/r--x", "a.gguf").size(), 2U);
    EXPECT_TRUE(caches.find("o/r--x", "lost.gguf").empty());
  }
}

TEST(OtherCachesTest, NoFoldersAreNoFiles) {
  EXPECT_TRUE(OtherCaches(declared({})).all().empty());
  EXPECT_TRUE(OtherCaches(declared({{"HOME", "/nowhere"}})).all().empty());
}

TEST(ModelFoldersTest, FollowsXdg) {
  using Folders = std::vector<fs::path>;
  EXPECT_EQ(pulled_model_folders(declared({{"HOME", "/h"}})), Folders{"/h/.local/share/plimsoll/models"});
  EXPECT_EQ(pulled_model_folders(declared({{"HOME", "/h"}, {"XDG_DATA_HOME", "/d"}})),
            Folders{"/d/plimsoll/models"});
  EXPECT_EQ(pulled_model_folders(declared({{"HOME", "/h"}, {"XDG_DATA_HOME", "relative"}})),
            Folders{"/h/.local/share/plimsoll/models"});
  EXPECT_EQ(pulled_model_folders(declared({{"HOME", "/h"}, {"PLIMSOLL_MODELS", "/m"}})),
            (Folders{"/m", "/h/.local/share/plimsoll/models"}));
  EXPECT_TRUE(pulled_model_folders(declared({})).empty());
}

TEST(ModelsHereTest, TellsWholeModelsFromParts) {
  KernelTree tree{{"m/whole/a.gguf", "12345"},
                  {"m/whole/mmproj-a.gguf", "123"},
                  {"m/whole/origin.json", R"({"repository": "o/r"})"},
                  {"m/part/a.gguf.part", "12"},
                  {"m/part/mmproj-a.gguf", "123"},
                  {"m/vision-only/mmproj-a.gguf", "1"},
                  {"m/no-model/readme", "x"},
                  {"n/whole/b.gguf", "hidden by the first"}};
  fs::create_directories(tree.root() / "m" / "lost");
  fs::create_symlink("gone", tree.root() / "m" / "lost" / "a.gguf");
  const auto models = models_in({tree.root() / "m", tree.root() / "none", tree.root() / "n"});
  ASSERT_EQ(models.size(), 4U);
  EXPECT_TRUE(models[0].name == "lost" && models[0].lost);
  EXPECT_TRUE(models[1].name == "part" && !models[1].complete);
  EXPECT_TRUE(models[2].name == "vision-only" && !models[2].complete);
  EXPECT_TRUE(models[3].name == "whole" && models[3].complete && !models[3].lost);
  EXPECT_EQ(models[3].bytes, 8U);
  EXPECT_EQ(models[3].repository, "o/r");
}

}  // namespace
}  // namespace plimsoll::models
