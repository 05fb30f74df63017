#include "engine/mtmd_encoder.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "engine/engine_log.h"
#include "memory/page_source.h"
#include "mtmd-helper.h"
#include "mtmd.h"

namespace plimsoll::engine {

namespace {

constexpr const char* kMarker = "<__picture__>";

class MtmdPrompt : public LaidOutPrompt {
 public:
  /// `encoder` where positions have more than one dimension, or pictures attend to themselves: then libmtmd
  /// has to place them, and must be there for prefill(). Otherwise nullptr.
  MtmdPrompt(mtmd::input_chunks_ptr chunks, Reservation pixels, mtmd_context* encoder, bool whole_pictures);

  int tokens() const override { return tokens_; }
  int image_tokens() const override {
    return sum([](const Piece& piece) { return static_cast<int>(piece.count); });
  }
  int image_tiles() const override {
    return sum([](const Piece&) { return 1; });
  }
  int widest_batch() const override;
  Expected<void> prefill(TextContext& context, const CancelFlagPtr& cancel) override;

  template <typename Encode>
  Expected<void> encode_each(Encode encode);

 private:
  struct Piece {
    bool picture = false;
    std::size_t count = 0;              // positions
    std::vector<llama_token> tokens{};  // of text
    Buffer rows{};                      // embeddings of a picture
    const mtmd_input_chunk* chunk = nullptr;
  };
  Expected<void> run(Piece& piece, TextContext& context, const CancelFlagPtr& cancel);

  template <typename Count>
  int sum(Count count) const {
    int total = 0;
    for (const Piece& piece : pieces_) total += piece.picture ? count(piece) : 0;
    return total;
  }

  mtmd::input_chunks_ptr chunks_;
  Reservation pixels_;  // the preprocessed tiles inside the chunks
  mtmd_context* encoder_;
  bool whole_pictures_;
  int tokens_;
  std::vector<Piece> pieces_;
};

MtmdPrompt::MtmdPrompt(mtmd::input_chunks_ptr chunks, Reservation pixels, mtmd_context* encoder,
                       bool whole_pictures)
    : chunks_(std::move(chunks)),
      pixels_(std::move(pixels)),
      encoder_(encoder),
      whole_pictures_(whole_pictures),
      tokens_(static_cast<int>(mtmd_helper_get_n_tokens(chunks_.get()))) {
  for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks_.get()); ++i) {
    const mtmd_input_chunk* chunk = mtmd_input_chunks_get(chunks_.get(), i);
    Piece piece{.picture = mtmd_input_chunk_get_type(chunk) == MTMD_INPUT_CHUNK_TYPE_IMAGE,
                .count = mtmd_input_chunk_get_n_tokens(chunk),
                .chunk = chunk};
    std::size_t count = 0;
    const llama_token* tokens = piece.picture ? nullptr : mtmd_input_chunk_get_tokens_text(chunk, &count);
    piece.tokens.assign(tokens, tokens + count);
    pieces_.push_back(std::move(piece));
  }
}

int MtmdPrompt::widest_batch() const {
  int widest = 0;
  for (const Piece& piece : pieces_) {
    if (whole_pictures_ && piece.picture) widest = std::max(widest, static_cast<int>(piece.count));
  }
  return widest;
}

template <typename Encode>
Expected<void> MtmdPrompt::encode_each(Encode encode) {
  for (Piece& piece : pieces_) {
    if (!piece.picture) continue;
    auto rows = encode(piece.chunk);
    if (!rows) return tl::unexpected(rows.error());
    piece.rows = std::move(*rows);
  }
  if (encoder_ != nullptr) return {};
  chunks_.reset();  // the pixels
  pixels_.release();
  for (Piece& piece : pieces_) piece.chunk = nullptr;
  return {};
}

Expected<void> MtmdPrompt::run(Piece& piece, TextContext& context, const CancelFlagPtr& cancel) {
  if (!piece.picture) return context.append(piece.tokens, cancel);
  auto* rows = reinterpret_cast<float*>(piece.rows.data());
  if (encoder_ == nullptr) {
    const auto width = static_cast<std::size_t>(context.embedding_width());
    return context.append_embeddings({rows, piece.count * width}, cancel);
  }
  llama_pos next = context.position();
  if (mtmd_helper_decode_image_chunk(encoder_, context.get(), piece.chunk, rows, context.position(), 0,
                                     context.size().batch_tokens, &next, nullptr, nullptr) != 0) {
    return tl::unexpected(context.explain(cancel));
  }
  context.advance_to(next);
  return {};
}

Expected<void> MtmdPrompt::prefill(TextContext& context, const CancelFlagPtr& cancel) {
  for (Piece& piece : pieces_) {
    if (cancel->cancelled()) return fail(ErrorCode::cancelled, "the generation was cancelled");
    if (auto done = run(piece, context, cancel); !done) return done;
    piece.rows.release();
  }
  return {};
}

class MtmdEncoder : public VisionEncoder {
 public:
  MtmdEncoder(mtmd::context_ptr context, int width, ModelFileSummary summary, MemoryPool& pool,
              GovernedDevice& device)
      : context_(std::move(context)),
        width_(width),
        summary_(std::move(summary)),
        pool_(pool),
        device_(device) {}

  std::string_view marker() const override { return kMarker; }
  int longest_edge() const override { return summary_.image_longest_edge; }

  Expected<std::unique_ptr<LaidOutPrompt>> lay_out(const std::string& text,
                                                   std::span<const Image> images) override;
  Expected<void> encode(LaidOutPrompt& prompt, const CancelFlagPtr& cancel,
                        const std::function<void()>& between_tiles) override;
  bool can_leave() const override {
    return !mtmd_decode_use_mrope(context_.get()) && !mtmd_decode_use_non_causal(context_.get(), nullptr);
  }

 private:
  std::size_t preprocessed_bytes(const Image& image) const;
  Expected<Buffer> encode_chunk(const mtmd_input_chunk* chunk, const CancelFlagPtr& cancel);

  mtmd::context_ptr context_;
  int width_;  // floats of one position's embedding
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
  return std::make_unique<MtmdPrompt>(std::move(chunks), std::move(*pixels),
                                      can_leave() ? nullptr : context_.get(), whole_pictures);
}

Expected<Buffer> MtmdEncoder::encode_chunk(const mtmd_input_chunk* chunk, const CancelFlagPtr& cancel) {
  if (cancel->cancelled() || mtmd_encode_chunk(context_.get(), chunk) != 0 || cancel->cancelled()) {
    return tl::unexpected(explain_failure(device_, cancel, "the vision encoder"));
  }
  const std::size_t bytes =
      mtmd_input_chunk_get_n_tokens(chunk) * static_cast<std::size_t>(width_) * sizeof(float);
  auto rows = pool_.allocate(MemoryHolder::cache_images, bytes);
  if (rows) std::memcpy(rows->data(), mtmd_get_output_embd(context_.get()), bytes);
  return rows;
}

Expected<void> MtmdEncoder::encode(LaidOutPrompt& prompt, const CancelFlagPtr& cancel,
                                   const std::function<void()>& between_tiles) {
  device_.listen_to(cancel);
  return static_cast<MtmdPrompt&>(prompt).encode_each([&](const mtmd_input_chunk* chunk) {
    auto rows = encode_chunk(chunk, cancel);
    if (between_tiles) between_tiles();
    return rows;
  });
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

// mtmd reads tensor by tensor and notices at the next one that the last could not be read. Nobody would
// notice it of the last of all.
Expected<void> read_last_tensor_again(const std::filesystem::path& path, const GovernedDevice& device) {
  const ggml_tensor* tensor = device.last_prepaid_tensor();
  if (tensor == nullptr) return {};
  auto file = WeightFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const WeightFile::Place* at = (*file)->find(tensor->name);
  if (at == nullptr || at->bytes != ggml_nbytes(tensor)) return tl::unexpected((*file)->damage_error());
  return (*file)->read(*at, static_cast<std::byte*>(tensor->data));
}

}  // namespace

Expected<std::size_t> mtmd_compute_bytes(const std::filesystem::path& path, std::size_t weight_bytes,
                                         int threads) {
  static std::mutex one_at_a_time;  // mtmd exchanges its global log for the time being
  const std::lock_guard lock(one_at_a_time);
  constexpr auto kCompute = MemoryHolder::compute_vision;
  auto pool = MemoryPool::create(std::make_unique<memory::AddressesOnly>());
  GovernedDevice device(pool, {MemoryHolder::weights_vision, kCompute}, threads, false);
  // It does not read the weights, but makes their buffer.
  auto weights = pool->allocate(MemoryHolder::weights_vision, weight_bytes);
  if (!weights) return tl::unexpected(weights.error());
  device.prepay(std::move(*weights));
  const auto never = std::make_shared<CancelFlag>();
  const Progress none;
  LoadWatch watch{none, never};
  const auto usage = mtmd_get_memory_usage(path.c_str(), parameters(device, threads, watch));
  device.prepay({});
  if (auto refusal = device.take_refusal()) return tl::unexpected(*refusal);
  if (usage.empty()) return tl::unexpected(explain_failure(device, never, "reading " + path.string()));
  return pool->ledger().holder_peak_bytes[static_cast<std::size_t>(kCompute)] + device.scratch_bytes();
}

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
  auto whole = read_last_tensor_again(path, device);
  if (!whole) return tl::unexpected(whole.error());
  if (!mtmd_support_vision(context.get())) {
    return fail(ErrorCode::invalid_argument, path.string() + ": this encoder is not for pictures");
  }
  return std::make_unique<MtmdEncoder>(std::move(context), llama_model_n_embd_inp(text.get()),
                                       std::move(*summary), pool, device);
}

}  // namespace plimsoll::engine
