// Our encoder and libmtmd's, on the same file and the same pixels.
#include "engine/siglip_encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "engine/engine_log.h"
#include "engine/mtmd_encoder.h"
#include "plimsoll/configuration.h"
#include "tests/integration/f16_encoder.h"

namespace plimsoll::engine {
namespace {

const std::filesystem::path kModel = std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "models/plimsoll-tiny";
const std::filesystem::path kVisionFile = kModel / "mmproj-plimsoll-tiny-q8_0.gguf";
constexpr int kThreads = 2;

struct SiglipEncoder : testing::Test {
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  GovernedDevice text_device{pool, {MemoryHolder::weights_text, MemoryHolder::compute_text}, kThreads, false};
  GovernedDevice device{pool, {MemoryHolder::weights_vision, MemoryHolder::compute_vision}, kThreads, false};
  std::unique_ptr<TextModel> text;
  CancelFlagPtr cancel = std::make_shared<CancelFlag>();

  SiglipEncoder() {
    capture_engine_log();
    text = std::move(*TextModel::open(kModel / "plimsoll-tiny-q8_0.gguf", text_device));
  }

  Expected<std::unique_ptr<VisionEncoder>> load(VisionKernels kernels, const Progress& progress = {},
                                                const std::filesystem::path& path = kVisionFile) {
    auto file = SiglipFile::open(path);
    EXPECT_TRUE(file && *file);
    return load_siglip_encoder(std::move(**file), kernels, *text, device, kThreads, progress, cancel);
  }
  std::unique_ptr<VisionEncoder> load_libmtmd(const std::filesystem::path& path) {
    auto encoder = load_mtmd_encoder(path, *text, *pool, device, kThreads, {}, cancel);
    EXPECT_TRUE(encoder);
    return std::move(*encoder);
  }

  // Blocks of colour with noise on them, of the size that no side of the comparison has to scale.
  Image picture(int side = 384) {
    Image image{side, side, std::move(*pool->allocate(MemoryHolder::media, 3 * 384 * 384))};
    std::mt19937 random(7);
    auto* pixels = reinterpret_cast<unsigned char*>(image.pixels.data());
    for (int i = 0; i < side * side * 3; ++i) {
      const int block = i / 3 % side / 48 + i / 3 / side / 48 * 5;
      pixels[i] =
          static_cast<unsigned char>((block * 53 + i % 3 * 71 + static_cast<int>(random() % 40)) % 256);
    }
    return image;
  }
  EncodedPicturePtr encode(VisionEncoder& encoder, int image_size = kFullImageSize) {
    auto encoded = encoder.encode(picture(), image_size, cancel, {});
    EXPECT_TRUE(encoded) << encoded.error().message;
    return *encoded;
  }
};

// Of all positions but the overview's, which each side scales in its own way.
double least_cosine(const EncodedPicture& ours, const EncodedPicture& theirs, int width) {
  const auto is_tile = [](const EncodedPicture::Piece& piece) { return piece.rows.size() > 0; };
  std::vector<const EncodedPicture::Piece*> a, b;
  for (const auto& piece : ours.pieces()) {
    if (is_tile(piece)) a.push_back(&piece);
  }
  for (const auto& piece : theirs.pieces()) {
    if (is_tile(piece)) b.push_back(&piece);
  }
  EXPECT_EQ(a.size(), 5U);
  EXPECT_EQ(b.size(), 5U);
  double least = 1;
  for (std::size_t tile = 0; tile + 1 < a.size(); ++tile) {
    const auto* x = reinterpret_cast<const float*>(a[tile]->rows.data());
    const auto* y = reinterpret_cast<const float*>(b[tile]->rows.data());
    for (int position = 0; position < a[tile]->count; ++position, x += width, y += width) {
      double product = 0, xx = 0, yy = 0;
      for (int i = 0; i < width; ++i) {
        product += static_cast<double>(x[i]) * y[i];
        xx += static_cast<double>(x[i]) * x[i];
        yy += static_cast<double>(y[i]) * y[i];
      }
      least = std::min(least, product / std::sqrt(xx * yy));
    }
  }
  return least;
}

std::vector<llama_token> tokens_of(const EncodedPicture& picture) {
  std::vector<llama_token> tokens;
  for (const auto& piece : picture.pieces()) {
    tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    if (piece.tokens.empty()) tokens.push_back(-piece.count);
  }
  return tokens;
}

struct Gate {
  VisionKernels kernels;
  double least_cosine;
};

void compare_with_libmtmd(SiglipEncoder& test, const std::filesystem::path& path, std::vector<Gate> gates) {
  const auto libmtmd = test.load_libmtmd(path);
  const EncodedPicturePtr theirs = test.encode(*libmtmd);
  for (const Gate gate : gates) {
    auto ours = test.load(gate.kernels, {}, path);
    ASSERT_TRUE(ours) << ours.error().message;
    const EncodedPicturePtr seen = test.encode(**ours);
    const double cosine = least_cosine(*seen, *theirs, test.text->embedding_width());
    std::cout << to_string(gate.kernels) << ": least cosine " << cosine << "\n";
    EXPECT_GE(cosine, gate.least_cosine) << to_string(gate.kernels);
    EXPECT_EQ(tokens_of(*seen), tokens_of(*theirs));
  }
}

TEST_F(SiglipEncoder, SeesWhatLibmtmdSeesInAFileOfHalfPrecision) {
  const F16Encoder half(kVisionFile);
  compare_with_libmtmd(
      *this, half.path(),
      {{VisionKernels::plain, 0.99999}, {VisionKernels::bf16, 0.9999}, {VisionKernels::int8, 0.998}});
}

// Where libmtmd itself computes with activations of 8 bits.
TEST_F(SiglipEncoder, SeesWhatLibmtmdSeesInAQuantisedFile) {
  compare_with_libmtmd(*this, kVisionFile, {{VisionKernels::plain, 0.99999}, {VisionKernels::int8, 0.998}});
}

TEST_F(SiglipEncoder, TakesWhatWasPlanned) {
  for (const VisionKernels kernels : {VisionKernels::plain, VisionKernels::bf16, VisionKernels::int8}) {
    pool->reset_peak_memory();
    auto file = SiglipFile::open(kVisionFile);
    const SiglipBytes planned = siglip_bytes(**file, kernels, kThreads);
    auto encoder = load(kernels);
    ASSERT_TRUE(encoder);
    encode(**encoder);
    const MemoryLedger ledger = pool->ledger();
    EXPECT_EQ(ledger.holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::weights_vision)],
              planned.weights);
    EXPECT_EQ(ledger.holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::compute_vision)],
              planned.compute)
        << to_string(kernels);
  }
}

TEST_F(SiglipEncoder, TheImageSizeDecidesTheTiles) {
  auto encoder = load(VisionKernels::best);
  ASSERT_TRUE(encoder);
  EXPECT_EQ(encode(**encoder, 192)->tiles(), 1);
  EXPECT_EQ(encode(**encoder, 256)->tiles(), 5);
}

TEST_F(SiglipEncoder, PutsBeforeALoneOverviewWhatTheFileSays) {
  auto encoder = load(VisionKernels::best);
  ASSERT_TRUE(encoder);
  const EncodedPicturePtr seen = encode(**encoder, 192);
  EXPECT_EQ(seen->pieces().front().tokens,
            text->tokenize("\n\n<fake_token_around_image><global-img>", false));
}

TEST_F(SiglipEncoder, ALoadThatIsCancelledLeavesNothing) {
  for (const VisionKernels kernels : {VisionKernels::best, VisionKernels::plain}) {
    const std::size_t before = pool->active_memory();
    cancel = std::make_shared<CancelFlag>();
    auto encoder = load(kernels, [&](float) { cancel->cancel(); });
    ASSERT_FALSE(encoder);
    EXPECT_EQ(encoder.error().code, ErrorCode::cancelled);
    EXPECT_EQ(pool->active_memory(), before);
  }
}

TEST_F(SiglipEncoder, StopsBetweenTilesAndGoesOnLater) {
  auto encoder = load(VisionKernels::best);
  ASSERT_TRUE(encoder);
  const EncodedPicturePtr whole = encode(**encoder);
  std::vector<int> tiles;
  auto stopped = (*encoder)->encode(picture(), kFullImageSize, cancel, [&](int done, int of) {
    EXPECT_GT(of, 3);
    tiles.push_back(done);
    if (done == 2) cancel->cancel();
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
  EXPECT_EQ(tiles, (std::vector<int>{0, 1, 2}));  // the third one hears of it
  cancel = std::make_shared<CancelFlag>();
  EXPECT_EQ(least_cosine(*encode(**encoder), *whole, text->embedding_width()), 1);
}

TEST_F(SiglipEncoder, EveryRefusalIsAnErrorAndLeavesNothing) {
  const std::size_t before = pool->active_memory();
  for (const VisionKernels kernels : {VisionKernels::best, VisionKernels::plain}) {
    auto needed = SiglipFile::open(kVisionFile);
    const SiglipBytes bytes = siglip_bytes(**needed, kernels, kThreads);
    for (const std::size_t room : {std::size_t{0}, bytes.weights - 1, bytes.weights + bytes.compute / 2}) {
      pool->set_memory_limit(before + room);
      auto encoder = load(kernels);
      EXPECT_EQ(encoder.has_value(), room > bytes.weights) << room;
      if (encoder) {
        const Image image = picture();
        auto encoded = (*encoder)->encode(image, 192, cancel, {});
        ASSERT_FALSE(encoded) << room;
        EXPECT_EQ(encoded.error().code, ErrorCode::over_budget);
        encoder->reset();
      } else {
        EXPECT_EQ(encoder.error().code, ErrorCode::over_budget);
      }
      EXPECT_EQ(pool->active_memory(), before);
    }
    pool->set_memory_limit(std::nullopt);
  }
}

}  // namespace
}  // namespace plimsoll::engine
