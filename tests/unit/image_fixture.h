// Pictures made for tests, and a folder and a pool to decode them in.
#pragma once

#include <gtest/gtest.h>
#include <plimsoll/media.h>
#include <vips/vips.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

namespace fs = std::filesystem;

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
using Picture = std::unique_ptr<VipsImage, Unref>;
using Color = std::array<int, 3>;

inline constexpr Color kRed{220, 30, 30};
inline constexpr Color kGreen{30, 200, 40};
inline constexpr Color kBlue{30, 40, 210};
inline constexpr Color kYellow{230, 220, 40};

/// The result of a libvips call that writes its output to `*out`.
inline Picture made_by(const std::function<int(VipsImage** out)>& call) {
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
inline Picture quadrants(int width, int height) {
  return painted(width, height, 3, VIPS_INTERPRETATION_sRGB, [=](int x, int y) {
    const bool left = x < (width + 1) / 2;
    const Color& color = y < (height + 1) / 2 ? (left ? kRed : kGreen) : (left ? kBlue : kYellow);
    return std::vector<int>(color.begin(), color.end());
  });
}

/// Details everywhere, so that its compressed size grows with its height.
inline Picture speckled(int width, int height) {
  return painted(width, height, 3, VIPS_INTERPRETATION_sRGB, [](int x, int y) {
    const int seed = (x * 7919 + y * 104729) ^ (x * y * 31);
    return std::vector<int>{seed & 255, (seed >> 3) & 255, (seed >> 5) & 255};
  });
}

/// A gradient that is computed while it is written, whatever its size.
inline void write_large(int width, int height, const fs::path& path, const std::string& options = "") {
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
inline std::string encoded(const Picture& picture, const std::string& suffix) {
  void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_write_to_buffer(picture.get(), suffix.c_str(), &data, &size, nullptr) != 0) {
    throw std::runtime_error(vips_error_buffer());
  }
  std::string bytes(static_cast<const char*>(data), size);
  g_free(data);
  return bytes;
}

inline Color color_at(const Image& image, int x, int y) {
  const std::byte* pixel = image.pixels.data() + (y * image.width + x) * 3;
  return {std::to_integer<int>(pixel[0]), std::to_integer<int>(pixel[1]), std::to_integer<int>(pixel[2])};
}

inline void expect_near(const Color& seen, const Color& wanted, int tolerance) {
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(seen[i], wanted[i], tolerance) << "channel " << i;
  }
}

inline void expect_quadrants(const Image& image, const std::array<Color, 4>& wanted, int tolerance = 14) {
  const int left = image.width / 4;
  const int right = image.width * 3 / 4;
  const int top = image.height / 4;
  const int bottom = image.height * 3 / 4;
  expect_near(color_at(image, left, top), wanted[0], tolerance);
  expect_near(color_at(image, right, top), wanted[1], tolerance);
  expect_near(color_at(image, left, bottom), wanted[2], tolerance);
  expect_near(color_at(image, right, bottom), wanted[3], tolerance);
}

inline constexpr std::array<Color, 4> kUpright{kRed, kGreen, kBlue, kYellow};

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

}  // namespace plimsoll
