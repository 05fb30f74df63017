#include "engine/mtmd_encoder.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "engine/engine_log.h"
#include "mtmd-helper.h"
#include "mtmd.h"

namespace plimsoll::engine {

namespace {

constexpr const char* kMarker = "<__picture__>";

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

class MtmdPrompt : public LaidOutPrompt {
 public:
  MtmdPrompt(mtmd::input_chunks_ptr chunks, Reservation pixels, bool whole_pictures)
      : chunks_(std::move(chunks)), pixels_(std::move(pixels)), whole_pictures_(whole_pictures) {}

  int tokens() const override { return static_cast<int>(mtmd_helper_get_n_tokens(chunks_.get())); }
  int image_tokens() const override {
    return sum(
        [](const mtmd_input_chunk* chunk) { return static_cast<int>(mtmd_input_chunk_get_n_tokens(chunk)); });
  }
  int image_tiles() const override {
    return sum([](const mtmd_input_chunk*) { return 1; });
  }
  int widest_batch() const override {
    int widest = 0;
    sum([&](const mtmd_input_chunk* chunk) {
      widest = std::max(widest, static_cast<int>(mtmd_input_chunk_get_n_tokens(chunk)));
      return 0;
    });
    return whole_pictures_ ? widest : 0;
  }

  std::size_t size() const { return mtmd_input_chunks_size(chunks_.get()); }
  const mtmd_input_chunk* operator[](std::size_t i) const { return mtmd_input_chunks_get(chunks_.get(), i); }

 private:
  template <typename Count>
  int sum(Count count) const {
    int total = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (mtmd_input_chunk_get_type((*this)[i]) == MTMD_INPUT_CHUNK_TYPE_IMAGE) total += count((*this)[i]);
    }
    return total;
  }

  mtmd::input_chunks_ptr chunks_;
  Reservation pixels_;  // the preprocessed tiles inside the chunks
  bool whole_pictures_;
};

class MtmdEncoder : public VisionEncoder {
 public:
  MtmdEncoder(mtmd::context_ptr context, ModelFileSummary summary, MemoryPool& pool, GovernedDevice& device)
      : context_(std::move(context)), summary_(std::move(summary)), pool_(pool), device_(device) {}

  std::string_view marker() const override { return kMarker; }
  int longest_edge() const override { return summary_.image_longest_edge; }

  Expected<std::unique_ptr<LaidOutPrompt>> lay_out(const std::string& text,
                                                   std::span<const Image> images) override;
  Expected<PromptTiming> run(LaidOutPrompt& prompt, TextContext& context,
                             const CancelFlagPtr& cancel) override;

 private:
  std::size_t preprocessed_bytes(const Image& image) const;
  Expected<void> run_text(const mtmd_input_chunk* chunk, TextContext& context, const CancelFlagPtr& cancel);
  Expected<void> encode(const mtmd_input_chunk* chunk, const CancelFlagPtr& cancel);
  Expected<void> run_picture(const mtmd_input_chunk* chunk, TextContext& context,
                             const CancelFlagPtr& cancel);

  mtmd::context_ptr context_;
  ModelFileSummary summary_;
  MemoryPool& pool_;
  GovernedDevice& device_;
};

// mtmd scales a picture to its longest edge, cuts it into tiles and keeps each pixel as three floats.
std::size_t MtmdEncoder::preprocessed_bytes(const Image& image) const {
  constexpr std::size_t kBytesPerPixel = 3 * (1 + sizeof(float));
  const auto tile = static_cast<std::size_t>(std::max(summary_.image_tile, 1));
  auto width = static_cast<std::size_t>(image.width), height = static_cast<std::size_t>(image.height);
  if (const auto edge = static_cast<std::size_t>(summary_.image_longest_edge); edge > 0) {
    const std::size_t longest = std::max(width, height);
    width = width * edge / longest;
    height = height * edge / longest;
  }
  const auto whole_tiles = [&](std::size_t side) { return (side + tile - 1) / tile * tile; };
  return (whole_tiles(width) * whole_tiles(height) + tile * tile) * kBytesPerPixel;
}

Expected<std::unique_ptr<LaidOutPrompt>> MtmdEncoder::lay_out(const std::string& text,
                                                              std::span<const Image> images) {
  std::size_t bytes = 0;
  for (const Image& image : images) bytes += preprocessed_bytes(image);
  auto pixels = pool_.reserve(MemoryHolder::media, bytes);
  if (!pixels) return tl::unexpected(pixels.error());

  std::vector<mtmd::bitmap_ptr> bitmaps;
  std::vector<const mtmd_bitmap*> views;
  for (const Image& image : images) {
    bitmaps.emplace_back(mtmd_bitmap_init(static_cast<std::uint32_t>(image.width),
                                          static_cast<std::uint32_t>(image.height),
                                          reinterpret_cast<const unsigned char*>(image.pixels.data())));
    views.push_back(bitmaps.back().get());
  }
  mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
  const mtmd_input_text input{text.c_str(), text.size(), true, true};
  if (mtmd_tokenize(context_.get(), chunks.get(), &input, views.data(), views.size()) != 0) {
    return fail(ErrorCode::engine,
                "the picture could not be prepared for this model: " + take_engine_complaint());
  }
  const bool whole_pictures = mtmd_decode_use_non_causal(context_.get(), nullptr);
  return std::make_unique<MtmdPrompt>(std::move(chunks), std::move(*pixels), whole_pictures);
}

Expected<void> MtmdEncoder::run_text(const mtmd_input_chunk* chunk, TextContext& context,
                                     const CancelFlagPtr& cancel) {
  std::size_t count = 0;
  const llama_token* tokens = mtmd_input_chunk_get_tokens_text(chunk, &count);
  return context.append({tokens, count}, cancel);
}

Expected<void> MtmdEncoder::encode(const mtmd_input_chunk* chunk, const CancelFlagPtr& cancel) {
  if (mtmd_encode_chunk(context_.get(), chunk) == 0 && !cancel->cancelled()) return {};
  return tl::unexpected(explain_failure(device_, cancel, "the vision encoder"));
}

Expected<void> MtmdEncoder::run_picture(const mtmd_input_chunk* chunk, TextContext& context,
                                        const CancelFlagPtr& cancel) {
  llama_pos next = context.position();
  float* embeddings = mtmd_get_output_embd(context_.get());
  if (mtmd_helper_decode_image_chunk(context_.get(), context.get(), chunk, embeddings, context.position(), 0,
                                     context.size().batch_tokens, &next, nullptr, nullptr) != 0) {
    return tl::unexpected(explain_failure(device_, cancel, "the language model"));
  }
  context.advance_to(next);
  return {};
}

Expected<PromptTiming> MtmdEncoder::run(LaidOutPrompt& prompt, TextContext& context,
                                        const CancelFlagPtr& cancel) {
  const auto& chunks = static_cast<const MtmdPrompt&>(prompt);
  PromptTiming timing;
  device_.listen_to(cancel);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (cancel->cancelled()) return fail(ErrorCode::cancelled, "the generation was cancelled");
    const bool picture = mtmd_input_chunk_get_type(chunks[i]) == MTMD_INPUT_CHUNK_TYPE_IMAGE;
    if (picture) {
      const auto start = Clock::now();
      if (auto encoded = encode(chunks[i], cancel); !encoded) return tl::unexpected(encoded.error());
      timing.image_encode_ms += ms_since(start);
    }
    const auto start = Clock::now();
    auto done = picture ? run_picture(chunks[i], context, cancel) : run_text(chunks[i], context, cancel);
    if (!done) return tl::unexpected(done.error());
    timing.prefill_ms += ms_since(start);
  }
  return timing;
}

struct LoadWatch {
  const Progress& progress;
  const CancelFlagPtr& cancel;
};

mtmd_context_params parameters(GovernedDevice& device, int threads, LoadWatch& watch) {
  mtmd_context_params params = mtmd_context_params_default();
  params.use_gpu = true;
  params.device = device.handle();
  params.print_timings = false;
  params.n_threads = threads;
  params.media_marker = kMarker;
  // Reserves the compute memory now, while a refusal is still only a refusal.
  params.warmup = true;
  params.progress_callback = [](float share, void* data) {
    const auto& w = *static_cast<LoadWatch*>(data);
    if (w.progress) w.progress(share);
    return !w.cancel->cancelled();
  };
  params.progress_callback_user_data = &watch;
  return params;
}

}  // namespace

Expected<std::unique_ptr<VisionEncoder>> load_mtmd_encoder(const std::filesystem::path& path, TextModel& text,
                                                           MemoryPool& pool, GovernedDevice& device,
                                                           int threads, const Progress& progress,
                                                           const CancelFlagPtr& cancel) {
  auto summary = read_model_file(path);
  if (!summary) return tl::unexpected(summary.error());
  auto weights = pool.allocate(MemoryHolder::weights_vision, summary->tensor_bytes);
  if (!weights) return tl::unexpected(weights.error());

  LoadWatch watch{progress, cancel};
  device.prepay(std::move(*weights));  // mtmd's first buffer are the weights
  mtmd::context_ptr context(
      mtmd_init_from_file(path.c_str(), text.get(), parameters(device, threads, watch)));
  device.prepay({});
  // mtmd goes on when its compute memory is refused, and would crash at the first picture.
  if (auto refusal = device.take_refusal()) return tl::unexpected(*refusal);
  if (!context) return tl::unexpected(explain_failure(device, cancel, "loading " + path.filename().string()));
  if (!mtmd_support_vision(context.get())) {
    return fail(ErrorCode::invalid_argument, path.string() + ": this encoder is not for pictures");
  }
  return std::make_unique<MtmdEncoder>(std::move(context), std::move(*summary), pool, device);
}

}  // namespace plimsoll::engine
