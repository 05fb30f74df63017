// What pictures of each format and kind decode to.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/image_fixture.h"

namespace plimsoll {
namespace {

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

}  // namespace
}  // namespace plimsoll
