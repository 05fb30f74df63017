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

// Where positions have more than one dimension, or pictures attend to themselves, libmtmd has to place them:
// it must be there for prefill().
class PlacedPicture : public EncodedPicture {
 public:
  PlacedPicture(mtmd::input_chunks_ptr chunks, mtmd_context& encoder)
      : chunks_(std::move(chunks)), encoder_(encoder) {
    for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks_.get()); ++i) {
      const mtmd_input_chunk* chunk = mtmd_input_chunks_get(chunks_.get(), i);
      if (mtmd_input_chunk_get_type(chunk) == MTMD_INPUT_CHUNK_TYPE_IMAGE) tiles_.push_back(chunk);
    }
  }

  int widest_batch() const override;
  bool counts_up() const override { return false; }

 private:
  Expected<void> prefill_tile(std::size_t tile, std::span<const float> rows, PromptFeed& feed) const override;

  mtmd::input_chunks_ptr chunks_;
  mtmd_context& encoder_;
  std::vector<const mtmd_input_chunk*> tiles_;
};

int PlacedPicture::widest_batch() const {
  if (!mtmd_decode_use_non_causal(&encoder_, nullptr)) return 0;
  std::size_t widest = 0;
  for (const mtmd_input_chunk* tile : tiles_) widest = std::max(widest, mtmd_input_chunk_get_n_tokens(tile));
  return static_cast<int>(widest);
}

Expected<void> PlacedPicture::prefill_tile(std::size_t tile, std::span<const float> rows,
                                           PromptFeed& feed) const {
  if (auto done = feed.flush(); !done) return done;
  feed.begin_batch();
  TextSequence& sequence = feed.sequence();
  TextContext& context = sequence.context();
  auto* data = const_cast<float*>(rows.data());  // libmtmd's interface is in C; it only reads them
  llama_pos next = sequence.position();
  if (mtmd_helper_decode_image_chunk(&encoder_, context.get(), tiles_[tile], data, sequence.position(),
                                     sequence.id(), context.size().batch_tokens, &next, nullptr,
                                     nullptr) != 0) {
    return tl::unexpected(context.explain(feed.cancel()));
  }
  sequence.advance_to(next);
  return {};
}

bool is_tile(const mtmd_input_chunk* chunk) {
  return mtmd_input_chunk_get_type(chunk) == MTMD_INPUT_CHUNK_TYPE_IMAGE;
}

int tiles_in(const mtmd_input_chunks* chunks) {
  int tiles = 0;
  for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks); ++i)
    tiles += is_tile(mtmd_input_chunks_get(chunks, i));
  return tiles;
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

  int longest_edge() const override { return summary_.image_longest_edge; }
  Expected<EncodedPicturePtr> encode(const Image& image, int image_size, const CancelFlagPtr& cancel,
                                     const TileSink& on_tile) override;
  bool can_leave() const override {
    return !mtmd_decode_use_mrope(context_.get()) && !mtmd_decode_use_non_causal(context_.get(), nullptr);
  }

 private:
  std::size_t preprocessed_bytes(const Image& image) const;
  Expected<mtmd::input_chunks_ptr> cut(const Image& image);
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

// The picture's tiles, and the tokens around and between them.
Expected<mtmd::input_chunks_ptr> MtmdEncoder::cut(const Image& image) {
  const mtmd::bitmap_ptr bitmap(
      mtmd_bitmap_init(static_cast<std::uint32_t>(image.width), static_cast<std::uint32_t>(image.height),
                       reinterpret_cast<const unsigned char*>(image.pixels.data())));
  const mtmd_bitmap* view = bitmap.get();
  mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
  const mtmd_input_text input{kMarker, std::strlen(kMarker), false, true};
  if (mtmd_tokenize(context_.get(), chunks.get(), &input, &view, 1) != 0) {
    return fail(ErrorCode::engine,
                "the picture could not be prepared for this model: " + take_engine_complaint());
  }
  return chunks;
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

Expected<EncodedPicturePtr> MtmdEncoder::encode(const Image& image, int, const CancelFlagPtr& cancel,
                                                const TileSink& on_tile) {
  device_.listen_to({cancel});
  auto pixels = pool_.reserve(MemoryHolder::media, preprocessed_bytes(image));
  if (!pixels) return tl::unexpected(pixels.error());
  auto cut_up = cut(image);
  if (!cut_up) return tl::unexpected(cut_up.error());
  pixels->mark_taken();
  mtmd_input_chunks* chunks = cut_up->get();
  std::shared_ptr<EncodedPicture> picture;
  if (can_leave()) {
    picture = std::make_shared<EncodedPicture>();
  } else {
    picture = std::make_shared<PlacedPicture>(std::move(*cut_up), *context_);
  }
  const int of = tiles_in(chunks);
  int done = 0;
  if (on_tile) on_tile(done, of);
  for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks); ++i) {
    const mtmd_input_chunk* chunk = mtmd_input_chunks_get(chunks, i);
    if (!is_tile(chunk)) {
      std::size_t count = 0;
      const llama_token* tokens = mtmd_input_chunk_get_tokens_text(chunk, &count);
      picture->add_tokens({tokens, tokens + count});
      continue;
    }
    auto rows = encode_chunk(chunk, cancel);
    if (!rows) return tl::unexpected(rows.error());
    picture->add_tile(std::move(*rows), static_cast<int>(mtmd_input_chunk_get_n_tokens(chunk)));
    if (on_tile) on_tile(++done, of);
  }
  return picture;
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
