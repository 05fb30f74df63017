// The page as it is compiled in, with npm or without.
#include "server/page_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace plimsoll::server {
namespace {

const PageFile* file_at(std::string_view path) {
  const auto files = page_files();
  const auto found = std::ranges::find(files, path, &PageFile::path);
  return found == files.end() ? nullptr : &*found;
}

TEST(PageFiles, HasThePage) {
  const PageFile* page = file_at("/");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(page->content.empty());
}

TEST(PageFiles, EachIsWholeAndHasAPathAndATagOfItsOwn) {
  std::set<std::string_view> paths;
  std::set<std::string_view> tags;
  for (const PageFile& file : page_files()) {
    SCOPED_TRACE(file.path);
    EXPECT_TRUE(file.path.starts_with('/'));
    EXPECT_TRUE(paths.insert(file.path).second);
    EXPECT_TRUE(file.etag.size() > 2 && file.etag.starts_with('"') && file.etag.ends_with('"'));
    EXPECT_TRUE(tags.insert(file.etag).second);
    EXPECT_FALSE(file.content_type.empty());
    EXPECT_GT(file.content.size(), 16U);
  }
}

TEST(PageFiles, SaysWhatIsCompressed) {
  for (const PageFile& file : page_files()) {
    SCOPED_TRACE(file.path);
    EXPECT_EQ(file.content.starts_with("\x1f\x8b\x08"), file.gzip);
    EXPECT_EQ(file.content_type == "image/png", !file.gzip);
    if (file.content_type == "image/png") {
      EXPECT_TRUE(file.content.starts_with("\x89PNG"));
    }
  }
}

TEST(PageFiles, IsSmall) {
  std::size_t bytes = 0;
  for (const PageFile& file : page_files()) bytes += file.content.size();
  EXPECT_LT(bytes, 200U * 1024);
}

}  // namespace
}  // namespace plimsoll::server
