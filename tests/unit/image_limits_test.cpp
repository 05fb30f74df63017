// What decoding may take: memory, time, and the patience of who cancels.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "tests/file_text.h"
#include "tests/unit/image_fixture.h"

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::uint32_t png_checksum(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 255));
  return bytes;
}

std::string png_chunk(const std::string& kind, const std::string& data) {
  return big_endian(static_cast<std::uint32_t>(data.size())) + kind + data +
         big_endian(png_checksum(kind + data));
}

/// A PNG of eight-bit RGB that claims a size and brings no rows.
std::string png_claiming(std::uint32_t width, std::uint32_t height) {
  const std::string header = big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5);
  return "\x89PNG\r\n\x1A\n" + png_chunk("IHDR", header) + png_chunk("IDAT", "no rows");
}

TEST_F(ImageTest, AHeaderOverThePixelLimitIsRefusedUndecoded) {
  const auto start = std::chrono::steady_clock::now();
  const Error error = refusal({write("x.png", png_claiming(30000, 20000))});
  EXPECT_LT(std::chrono::steady_clock::now() - start, 500ms);
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_NE(error.message.find("30000x20000 is 600 megapixels, the limit is 512"), std::string::npos)
      << error.message;
  EXPECT_EQ(pool_->peak_memory(), 0u);
}

TEST_F(ImageTest, ASizeThatOverflowsThirtyTwoBitsIsRefused) {
  const Error error = refusal({png_claiming(9'999'999, 9'999'999)});
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({png_claiming(0x7FFFFFFF, 0x7FFFFFFF)}).code, ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({png_claiming(0, 10)}).code, ErrorCode::invalid_argument);
  EXPECT_EQ(pool_->peak_memory(), 0u);
}

// 16383x16383 in 229 bytes: libvips makes room for a WebP when it is opened, 768 MiB for this one.
TEST_F(ImageTest, NoRoomIsMadeForAllThatAWebpPromises) {
  const std::string seed =
      test::file_text(std::string(PLIMSOLL_SOURCE_DIR) + "/tests/fuzz/corpus/image/promises_the_most.webp");
  const std::size_t before = vips_tracked_get_mem_highwater();
  // The seed begins with a byte that is not the picture's.
  const Error error = refusal({seed.substr(1)});
  EXPECT_EQ(error.code, ErrorCode::invalid_argument) << error.message;
  EXPECT_LT(vips_tracked_get_mem_highwater() - before, std::size_t{64} << 20);
}

TEST_F(ImageTest, ALimitedPoolDeniesWhatAClaimedSizeWouldNeed) {
  pool_->set_memory_limit(std::size_t{16} << 20);
  const Error error = refusal({png_claiming(22000, 22000)});
  EXPECT_EQ(error.code, ErrorCode::over_budget);
  ASSERT_TRUE(error.denial);
  EXPECT_EQ(error.denial->holder, "media");
}

TEST_F(ImageTest, APlainPhotoFitsASmallLimit) {
  write_large(4000, 3000, folder_ / "photo.jpg");
  write_large(4000, 3000, folder_ / "photo.webp");
  pool_->set_memory_limit(std::size_t{12} << 20);
  for (const char* file : {"photo.jpg", "photo.webp"}) {
    const auto image = decode({folder_ / file});
    EXPECT_TRUE(image) << image.error().message;
  }
}

// The decoding holds its reservation before it touches a row: the moment to change one's mind.
TEST_F(ImageTest, CancelledInTheMiddle) {
  for (const char* options : {"", "[interlace]"}) {
    SCOPED_TRACE(options);
    write_large(12000, 8000, folder_ / "large.jpg", options);
    std::atomic<bool> cancelled = false;
    std::chrono::steady_clock::time_point asked;
    std::thread canceller([&] {
      while (pool_->active_memory() == 0) std::this_thread::yield();
      asked = std::chrono::steady_clock::now();
      cancelled = true;
    });
    const auto image = decode_image({folder_ / "large.jpg"}, 2048, *pool_, &cancelled);
    const auto returned = std::chrono::steady_clock::now();
    canceller.join();
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, ErrorCode::cancelled);
    EXPECT_LT(returned - asked, kSanitized ? 2000ms : 300ms);
    EXPECT_EQ(pool_->active_memory(), 0u);
  }
}

TEST_F(ImageTest, AfterACancellationTheNextPictureDecodes) {
  const std::string bytes = encoded(speckled(400, 300), ".jpg");
  const std::atomic<bool> cancelled = true;
  EXPECT_FALSE(decode_image({bytes}, 100, *pool_, &cancelled));
  EXPECT_TRUE(decode({bytes}, 100));
}

TEST_F(ImageTest, TwoThreadsDecodeAtOnce) {
  const std::array<std::string, 4> files{encoded(quadrants(900, 700), ".jpg[Q=95]"),
                                         encoded(quadrants(900, 700), ".png"),
                                         encoded(quadrants(900, 700), ".webp[Q=95]"), "no picture at all"};
  const auto work = [&] {
    for (int round = 0; round < 5; ++round) {
      for (const std::string& file : files) {
        const auto image = decode_image({file}, 90, *pool_);
        ASSERT_EQ(image.has_value(), &file != &files.back());
        if (image) expect_quadrants(*image, kUpright);
      }
    }
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
}

std::size_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stoul(line.substr(field.size())) * 1024;
  }
  return 0;
}

[[noreturn]] void report_extra_memory(const fs::path& path, int longest_side) {
  const auto pool = MemoryPool::create();
  const std::size_t before = status_bytes("VmRSS:");
  const bool decoded = decode_image({path}, longest_side, *pool).has_value();
  const std::size_t extra = status_bytes("VmHWM:") - before;
  std::cerr << (decoded ? "decoded" : "refused") << " in " << extra / 1024 << " KiB" << std::endl;
  std::_Exit(decoded && extra < (std::size_t{64} << 20) ? 0 : 1);
}

// A death test in the threadsafe style runs in a process of its own, where nothing was resident before.
TEST_F(ImageTest, FortyEightMegapixelsInUnder64MiBExtra) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory is not ours";
  constexpr const char* kPicture = "PLIMSOLL_IMAGE_TEST_PICTURE";
  if (std::getenv(kPicture) == nullptr) {
    write_large(8000, 6000, folder_ / "48.jpg");
    ::setenv(kPicture, (folder_ / "48.jpg").c_str(), 1);
  }
  const fs::path picture = std::getenv(kPicture);
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const int longest_side : {384, 2048}) {
    EXPECT_EXIT(
        {
          fs::remove_all(folder_);  // the child's own: it never comes to TearDown()
          report_extra_memory(picture, longest_side);
        },
        testing::ExitedWithCode(0), "decoded");
  }
  ::unsetenv(kPicture);
}

}  // namespace
}  // namespace plimsoll
