#include <gtest/gtest.h>
#include <plimsoll/media.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vips/vips.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "tests/file_text.h"

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
using Picture = std::unique_ptr<VipsImage, Unref>;
using Color = std::array<int, 3>;

constexpr Color kRed{220, 30, 30};
constexpr Color kGreen{30, 200, 40};
constexpr Color kBlue{30, 40, 210};
constexpr Color kYellow{230, 220, 40};

/// The result of a libvips call that writes its output to `*out`.
Picture made_by(const std::function<int(VipsImage** out)>& call) {
  VipsImage* out = nullptr;
  if (call(&out) != 0) throw std::runtime_error(vips_error_buffer());
  return Picture(out);
}

using Paint = std::function<std::vector<int>(int x, int y)>;

/// A picture in memory, one value of `paint` a band.
template <typename Value = std::uint8_t>
Picture painted(int width, int height, int bands, VipsInterpretation kind, const Paint& paint) {
  std::vector<Value> values;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : paint(x, y)) values.push_back(static_cast<Value>(value));
    }
  }
  const Picture plain(
      vips_image_new_from_memory_copy(values.data(), values.size() * sizeof(Value), width, height, bands,
                                      sizeof(Value) == 1 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT));
  return made_by(
      [&](VipsImage** out) { return vips_copy(plain.get(), out, "interpretation", kind, nullptr); });
}

/// Red, green / blue, yellow: no rotation or mirroring leaves it as it was.
Picture quadrants(int width, int height) {
  return painted(width, height, 3, VIPS_INTERPRETATION_sRGB, [=](int x, int y) {
    const bool left = x < (width + 1) / 2;
    const Color& color = y < (height + 1) / 2 ? (left ? kRed : kGreen) : (left ? kBlue : kYellow);
    return std::vector<int>(color.begin(), color.end());
  });
}

/// Details everywhere, so that its compressed size grows with its height.
Picture speckled(int width, int height) {
  return painted(width, height, 3, VIPS_INTERPRETATION_sRGB, [](int x, int y) {
    const int seed = (x * 7919 + y * 104729) ^ (x * y * 31);
    return std::vector<int>{seed & 255, (seed >> 3) & 255, (seed >> 5) & 255};
  });
}

/// A gradient that is computed while it is written, whatever its size.
void write_large(int width, int height, const fs::path& path, const std::string& options = "") {
  const Picture ramp =
      made_by([&](VipsImage** out) { return vips_grey(out, width, height, "uchar", TRUE, nullptr); });
  std::array<VipsImage*, 3> bands{ramp.get(), ramp.get(), ramp.get()};
  const Picture color =
      made_by([&](VipsImage** out) { return vips_bandjoin(bands.data(), out, 3, nullptr); });
  const Picture srgb = made_by([&](VipsImage** out) {
    return vips_copy(color.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
  ASSERT_EQ(vips_image_write_to_file(srgb.get(), (path.string() + options).c_str(), nullptr), 0)
      << vips_error_buffer();
}

/// `suffix` names format and options as libvips does: ".jpg[Q=95]".
std::string encoded(const Picture& picture, const std::string& suffix) {
  void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_write_to_buffer(picture.get(), suffix.c_str(), &data, &size, nullptr) != 0) {
    throw std::runtime_error(vips_error_buffer());
  }
  std::string bytes(static_cast<const char*>(data), size);
  g_free(data);
  return bytes;
}

Color color_at(const Image& image, int x, int y) {
  const std::byte* pixel = image.pixels.data() + (y * image.width + x) * 3;
  return {std::to_integer<int>(pixel[0]), std::to_integer<int>(pixel[1]), std::to_integer<int>(pixel[2])};
}

void expect_near(const Color& seen, const Color& wanted, int tolerance) {
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(seen[i], wanted[i], tolerance) << "channel " << i;
  }
}

void expect_quadrants(const Image& image, const std::array<Color, 4>& wanted, int tolerance = 14) {
  const int left = image.width / 4;
  const int right = image.width * 3 / 4;
  const int top = image.height / 4;
  const int bottom = image.height * 3 / 4;
  expect_near(color_at(image, left, top), wanted[0], tolerance);
  expect_near(color_at(image, right, top), wanted[1], tolerance);
  expect_near(color_at(image, left, bottom), wanted[2], tolerance);
  expect_near(color_at(image, right, bottom), wanted[3], tolerance);
}

constexpr std::array<Color, 4> kUpright{kRed, kGreen, kBlue, kYellow};

class ImageTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("image_test"), 0); }

  void SetUp() override {
    std::string pattern = testing::TempDir() + "/plimsoll_image_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::permissions(folder_, fs::perms::others_read | fs::perms::others_exec, fs::perm_options::add);
  }
  void TearDown() override {
    EXPECT_EQ(pool_->active_memory(), 0u);
    fs::remove_all(folder_);
  }

  fs::path write(const std::string& file, const std::string& bytes) const {
    std::ofstream(folder_ / file, std::ios::binary) << bytes;
    return folder_ / file;
  }
  Expected<Image> decode(ImageSource source, int longest_side = 384) {
    return decode_image(source, longest_side, *pool_);
  }
  Expected<Image> decode(const Picture& picture, const std::string& suffix, int longest_side = 384) {
    return decode({encoded(picture, suffix)}, longest_side);
  }
  /// Decodes, expects a refusal, and checks that its message begins with the source's name.
  Error refusal(const ImageSource& source, int longest_side = 384) {
    const auto image = decode_image(source, longest_side, *pool_);
    EXPECT_EQ(pool_->active_memory(), image ? image->pixels.size() : 0u);
    if (image) {
      ADD_FAILURE() << "decoded to " << image->width << "x" << image->height;
      return {};
    }
    EXPECT_EQ(image.error().message.find(source.name() + ": "), 0u) << image.error().message;
    EXPECT_EQ(image.error().message.find('\n'), std::string::npos) << image.error().message;
    return image.error();
  }

  fs::path folder_;
  std::shared_ptr<MemoryPool> pool_ = MemoryPool::create();
};

class ImageFormatsTest : public ImageTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(, ImageFormatsTest,
                         testing::Values(".jpg[Q=95]", ".jpg[interlace]", ".png", ".png[interlace]",
                                         ".png[palette]", ".webp[Q=95]", ".webp[lossless]", ".gif", ".tif",
                                         ".tif[compression=lzw]", ".tif[compression=jpeg]",
                                         ".tif[tile,tile-width=64,tile-height=64]", ".tif[bigtiff]"),
                         [](const auto& format) { return std::to_string(format.index); });

TEST_P(ImageFormatsTest, DecodesFromMemoryWithoutScaling) {
  const auto image = decode(quadrants(120, 80), GetParam());
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->width, 120);
  EXPECT_EQ(image->height, 80);
  expect_quadrants(*image, kUpright);
}

TEST_P(ImageFormatsTest, DecodesFromAFileScaledDown) {
  const auto image = decode({write("picture", encoded(quadrants(1000, 600), GetParam()))}, 100);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->width, 100);
  EXPECT_EQ(image->height, 60);
  expect_quadrants(*image, kUpright);
  EXPECT_EQ(pool_->active_memory(), image->pixels.size());
  EXPECT_GT(pool_->peak_memory(), image->pixels.size());
}

TEST_P(ImageFormatsTest, RefusesWhatIsCutShort) {
  const std::string whole = encoded(speckled(400, 300), GetParam());
  for (const std::size_t percent : {10u, 50u, 90u}) {
    SCOPED_TRACE(percent);
    const std::string cut = whole.substr(0, whole.size() * percent / 100);
    for (const int longest_side : {64, 400}) {
      EXPECT_EQ(refusal({cut}, longest_side).code, ErrorCode::invalid_argument);
      EXPECT_EQ(refusal({write("cut", cut)}, longest_side).code, ErrorCode::invalid_argument);
    }
  }
}

TEST_P(ImageFormatsTest, TakesOnePixelAndOneRow) {
  const auto pixel = decode(quadrants(1, 1), GetParam());
  ASSERT_TRUE(pixel) << pixel.error().message;
  EXPECT_EQ(pixel->width, 1);
  EXPECT_EQ(pixel->height, 1);
  expect_near(color_at(*pixel, 0, 0), kRed, 14);

  const auto row = decode(quadrants(4000, 1), GetParam());
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->width, 384);
  EXPECT_EQ(row->height, 1);
  expect_near(color_at(*row, 90, 0), kRed, 14);
}

TEST_P(ImageFormatsTest, CancelledBeforeItStarts) {
  const std::atomic<bool> cancelled = true;
  const auto image = decode_image({encoded(quadrants(40, 40), GetParam())}, 20, *pool_, &cancelled);

  EXPECT_EQ(image.error().code, ErrorCode::cancelled);
}

TEST_P(ImageFormatsTest, RefusedOverBudgetBeforeAnythingIsDecoded) {
  const ImageSource source{write("picture", encoded(speckled(400, 300), GetParam()))};
  pool_->set_memory_limit(1 << 20);
  const Error error = refusal(source);
  EXPECT_EQ(error.code, ErrorCode::over_budget);
  ASSERT_TRUE(error.denial);
  EXPECT_EQ(error.denial->holder, "media");
  EXPECT_EQ(error.denial->limit_bytes, std::size_t{1} << 20);
  EXPECT_GT(error.denial->requested_bytes, 400u * 300u * 3u);
}

TEST_F(ImageTest, NeverScalesUp) {
  const auto image = decode(quadrants(30, 20), ".png", 4096);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->width, 30);
  EXPECT_EQ(image->height, 20);
}

TEST_F(ImageTest, TheLongestSideIsOfWidthOrHeight) {
  const auto wide = decode(quadrants(900, 300), ".jpg", 90);
  ASSERT_TRUE(wide) << wide.error().message;
  EXPECT_EQ(wide->width, 90);
  EXPECT_EQ(wide->height, 30);
  const auto tall = decode(quadrants(300, 900), ".webp", 90);
  ASSERT_TRUE(tall) << tall.error().message;
  EXPECT_EQ(tall->width, 30);
  EXPECT_EQ(tall->height, 90);
}

TEST_F(ImageTest, ALongestSideOfNothingIsRefused) {
  EXPECT_EQ(refusal({encoded(quadrants(4, 4), ".png")}, 0).code, ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({encoded(quadrants(4, 4), ".png")}, -5).code, ErrorCode::invalid_argument);
}

struct Turn {
  int orientation;
  bool sides_swapped;
  std::array<Color, 4> upright;
};

// EXIF 2.32, tag 0x0112: where the stored picture's first row and column belong.
const Turn kTurns[] = {
    {1, false, {kRed, kGreen, kBlue, kYellow}}, {2, false, {kGreen, kRed, kYellow, kBlue}},
    {3, false, {kYellow, kBlue, kGreen, kRed}}, {4, false, {kBlue, kYellow, kRed, kGreen}},
    {5, true, {kRed, kBlue, kGreen, kYellow}},  {6, true, {kBlue, kRed, kYellow, kGreen}},
    {7, true, {kYellow, kGreen, kBlue, kRed}},  {8, true, {kGreen, kYellow, kRed, kBlue}},
};

TEST_F(ImageTest, AppliesTheExifOrientation) {
  for (const Turn& turn : kTurns) {
    for (const char* suffix : {".jpg[Q=95]", ".webp[Q=95]", ".tif"}) {
      SCOPED_TRACE(suffix + std::to_string(turn.orientation));
      const Picture picture = quadrants(800, 400);
      vips_image_set_int(picture.get(), VIPS_META_ORIENTATION, turn.orientation);
      const auto image = decode(picture, suffix, 80);
      ASSERT_TRUE(image) << image.error().message;
      EXPECT_EQ(image->width, turn.sides_swapped ? 40 : 80);
      EXPECT_EQ(image->height, turn.sides_swapped ? 80 : 40);
      expect_quadrants(*image, turn.upright);
    }
  }
}

TEST_F(ImageTest, LaysTransparencyOverWhite) {
  const Picture picture = painted(200, 100, 4, VIPS_INTERPRETATION_sRGB,
                                  [](int x, int) { return std::vector<int>{200, 0, 0, x < 100 ? 0 : 128}; });
  for (const char* suffix : {".png", ".webp[lossless]", ".webp[Q=95]", ".tif"}) {
    for (const int longest_side : {200, 20}) {
      SCOPED_TRACE(suffix);
      const auto image = decode(picture, suffix, longest_side);
      ASSERT_TRUE(image) << image.error().message;
      expect_near(color_at(*image, image->width / 4, image->height / 2), {255, 255, 255}, 2);
      expect_near(color_at(*image, image->width * 3 / 4, image->height / 2), {227, 127, 127}, 6);
    }
  }
}

TEST_F(ImageTest, LaysTransparentGifOverWhite) {
  const Picture picture = painted(64, 64, 4, VIPS_INTERPRETATION_sRGB,
                                  [](int x, int) { return std::vector<int>{200, 0, 0, x < 32 ? 0 : 255}; });
  const auto image = decode(picture, ".gif");
  ASSERT_TRUE(image) << image.error().message;
  expect_near(color_at(*image, 8, 32), {255, 255, 255}, 2);
  expect_near(color_at(*image, 56, 32), {200, 0, 0}, 8);
}

TEST_F(ImageTest, SixteenBitsBecomeEight) {
  const Picture color = painted<std::uint16_t>(60, 40, 3, VIPS_INTERPRETATION_RGB16, [](int, int) {
    return std::vector<int>{200 * 257, 100 * 257, 50 * 257};
  });
  const Picture grey = painted<std::uint16_t>(60, 40, 1, VIPS_INTERPRETATION_GREY16,
                                              [](int, int) { return std::vector<int>{77 * 257}; });
  const Picture veiled = painted<std::uint16_t>(60, 40, 4, VIPS_INTERPRETATION_RGB16, [](int x, int) {
    return std::vector<int>{200 * 257, 0, 0, x < 30 ? 0 : 32768};
  });
  for (const char* suffix : {".png", ".tif"}) {
    SCOPED_TRACE(suffix);
    const auto first = decode(color, suffix, 30);
    ASSERT_TRUE(first) << first.error().message;
    expect_near(color_at(*first, 10, 10), {200, 100, 50}, 2);
    const auto second = decode(grey, suffix, 30);
    ASSERT_TRUE(second) << second.error().message;
    expect_near(color_at(*second, 10, 10), {77, 77, 77}, 2);
    const auto third = decode(veiled, suffix, 30);
    ASSERT_TRUE(third) << third.error().message;
    expect_near(color_at(*third, 5, 10), {255, 255, 255}, 2);
    expect_near(color_at(*third, 25, 10), {227, 127, 127}, 3);
  }
}

TEST_F(ImageTest, GreyBecomesThreeEqualChannels) {
  const Picture grey =
      painted(300, 200, 1, VIPS_INTERPRETATION_B_W, [](int, int) { return std::vector<int>{90}; });
  const Picture veiled = painted(300, 200, 2, VIPS_INTERPRETATION_B_W,
                                 [](int x, int) { return std::vector<int>{90, x < 150 ? 0 : 255}; });
  for (const char* suffix : {".jpg", ".png", ".webp[lossless]", ".gif", ".tif"}) {
    SCOPED_TRACE(suffix);
    const auto image = decode(grey, suffix, 30);
    ASSERT_TRUE(image) << image.error().message;
    expect_near(color_at(*image, 10, 10), {90, 90, 90}, 3);
  }
  const auto image = decode(veiled, ".png", 30);
  ASSERT_TRUE(image) << image.error().message;
  expect_near(color_at(*image, 5, 10), {255, 255, 255}, 1);
  expect_near(color_at(*image, 25, 10), {90, 90, 90}, 1);
}

TEST_F(ImageTest, OneBitBecomesBlackAndWhite) {
  const Picture bits = painted(64, 64, 1, VIPS_INTERPRETATION_B_W,
                               [](int x, int) { return std::vector<int>{x < 32 ? 0 : 255}; });
  for (const char* suffix : {".png[bitdepth=1]", ".tif[bitdepth=1]"}) {
    SCOPED_TRACE(suffix);
    const auto image = decode(bits, suffix, 64);
    ASSERT_TRUE(image) << image.error().message;
    expect_near(color_at(*image, 8, 32), {0, 0, 0}, 0);
    expect_near(color_at(*image, 56, 32), {255, 255, 255}, 0);
  }
}

TEST_F(ImageTest, CmykBecomesRgb) {
  const Picture inks = painted(320, 160, 4, VIPS_INTERPRETATION_CMYK, [](int x, int) {
    return x < 160 ? std::vector<int>{0, 0, 0, 0} : std::vector<int>{0, 255, 255, 0};
  });
  for (const char* suffix : {".jpg[Q=95]", ".tif"}) {
    for (const int longest_side : {320, 32}) {
      SCOPED_TRACE(suffix);
      const auto image = decode(inks, suffix, longest_side);
      ASSERT_TRUE(image) << image.error().message;
      expect_near(color_at(*image, image->width / 4, image->height / 2), {255, 255, 255}, 6);
      const Color red = color_at(*image, image->width * 3 / 4, image->height / 2);
      EXPECT_GT(red[0], 180);
      EXPECT_LT(red[1], 90);
      EXPECT_LT(red[2], 90);
    }
  }
}

TEST_F(ImageTest, HonoursAColourProfile) {
  const Picture plain = quadrants(200, 100);
  const Picture wide = made_by([&](VipsImage** out) {
    return vips_icc_transform(plain.get(), out, "p3", "input_profile", "srgb", nullptr);
  });
  const auto image = decode(wide, ".png", 50);
  ASSERT_TRUE(image) << image.error().message;
  expect_quadrants(*image, kUpright, 5);
}

TEST_F(ImageTest, ADamagedColourProfileIsNoReasonToRefuse) {
  const Picture picture = quadrants(200, 100);
  const std::string garbage(300, 'x');
  vips_image_set_blob_copy(picture.get(), VIPS_META_ICC_NAME, garbage.data(), garbage.size());
  testing::internal::CaptureStderr();
  const auto image = decode(picture, ".jpg[Q=95]", 50);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  ASSERT_TRUE(image) << image.error().message;
  expect_quadrants(*image, kUpright);
}

TEST_F(ImageTest, OfAnAnimationTheFirstFrame) {
  const Picture frames = painted(100, 150, 3, VIPS_INTERPRETATION_sRGB, [](int, int y) {
    const Color& color = y < 50 ? kRed : (y < 100 ? kGreen : kBlue);
    return std::vector<int>(color.begin(), color.end());
  });
  vips_image_set_int(frames.get(), VIPS_META_PAGE_HEIGHT, 50);
  for (const char* suffix : {".gif", ".webp[lossless]", ".tif"}) {
    SCOPED_TRACE(suffix);
    const auto image = decode(frames, suffix, 40);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->width, 40);
    EXPECT_EQ(image->height, 20);
    expect_near(color_at(*image, 20, 10), kRed, 8);
  }
}

TEST_F(ImageTest, EmptyIsSaidToBeEmpty) {
  const Error file = refusal({write("photo.jpg", "")});
  EXPECT_EQ(file.code, ErrorCode::invalid_argument);
  EXPECT_NE(file.message.find("the file is empty"), std::string::npos) << file.message;
  EXPECT_EQ(refusal({std::string()}).code, ErrorCode::invalid_argument);
}

TEST_F(ImageTest, TextAndOtherFormatsAreNotPictures) {
  for (const std::string bytes :
       {"Dear reader,\n", "x", "<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.4"}) {
    const Error error = refusal({write("notes.txt", bytes)});
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_NE(error.message.find("JPEG, PNG, WebP, GIF, TIFF"), std::string::npos) << error.message;
  }
}

TEST_F(ImageTest, NothingReachesStandardError) {
  testing::internal::CaptureStderr();
  const std::string whole = encoded(speckled(200, 200), ".tif[compression=lzw]");
  EXPECT_EQ(refusal({whole.substr(0, whole.size() / 2)}).code, ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({std::string("\x89PNG\r\n\x1A\n and nothing of the kind")}).code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_STREQ(vips_error_buffer(), "");
}

TEST_F(ImageTest, MissingFileFolderAndPipeAreToldApart) {
  EXPECT_EQ(refusal({folder_ / "nowhere.jpg"}).code, ErrorCode::not_found);
  EXPECT_EQ(refusal({write("a.txt", "x") / "b.jpg"}).code, ErrorCode::not_found);
  const Error folder = refusal({folder_});
  EXPECT_EQ(folder.code, ErrorCode::io);
  EXPECT_NE(folder.message.find("folder"), std::string::npos) << folder.message;
  ASSERT_EQ(::mkfifo((folder_ / "pipe.jpg").c_str(), 0600), 0);
  EXPECT_EQ(refusal({folder_ / "pipe.jpg"}).code, ErrorCode::io);
}

TEST_F(ImageTest, FileWithoutPermission) {
  const fs::path path = write("secret.png", encoded(quadrants(8, 8), ".png"));
  fs::permissions(path, fs::perms::none);
  const bool was_root = ::geteuid() == 0;
  ASSERT_EQ(was_root ? ::seteuid(65534) : 0, 0);
  const Error error = refusal({path});
  ASSERT_EQ(was_root ? ::seteuid(0) : 0, 0);
  EXPECT_EQ(error.code, ErrorCode::io);
  EXPECT_NE(error.message.find("permission"), std::string::npos) << error.message;
}

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
