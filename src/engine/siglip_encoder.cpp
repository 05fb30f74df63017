#include "engine/siglip_encoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/siglip_layers.h"
#include "engine/tile_layout.h"
#include "ggml-alloc.h"
#include "ggml-cpu.h"
#include "memory/page_source.h"

namespace plimsoll::engine {

namespace {

std::unique_ptr<SiglipLayers> make_layers(const SiglipFile& file, GovernedDevice& device, VisionKernels which,
                                          int threads) {
  using kernels::Precision;
  const kernels::Kernels* ours = kernels::best_kernels();
  if (which == VisionKernels::plain || ours == nullptr) return make_plain_layers(file, device);
  const bool int8 = which == VisionKernels::int8 || (which == VisionKernels::best && file.quantised());
  return make_packed_layers(file, device, threads, *ours, int8 ? Precision::int8 : Precision::bf16);
}

// The graph of one tile, and the memory that it computes in.
class TileGraph {
 public:
  TileGraph(const SiglipShape& shape, SiglipLayers& layers) {
    const std::size_t nodes = 64 + static_cast<std::size_t>(shape.layers) * 40;
    context_.reset(ggml_init(
        {nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(nodes, false), nullptr, true}));
    ggml_context* c = context_.get();
    patches_ = ggml_new_tensor_2d(c, GGML_TYPE_F32, shape.patch_values(), shape.patches());
    ggml_set_input(patches_);
    ggml_tensor* x = layers.embed(c, patches_);
    for (int i = 0; i < shape.layers; ++i) x = layers.layer(c, x, i);
    rows_ = layers.connect(c, x);
    ggml_set_output(rows_);
    graph_ = ggml_new_graph_custom(c, nodes, false);
    ggml_build_forward_expand(graph_, rows_);
  }

  /// False: no memory; the device knows why.
  bool allocate(GovernedDevice& device) {
    allocator_.reset(ggml_gallocr_new(device.plain_type()));
    return ggml_gallocr_alloc_graph(allocator_.get(), graph_);
  }

  std::size_t scratch_bytes(int threads) const {
    const std::size_t page = PageSource::page_bytes();
    return (ggml_graph_plan(graph_, threads, nullptr).work_size + page - 1) / page * page;
  }

  ggml_cgraph* get() const { return graph_; }
  float* patches() const { return static_cast<float*>(patches_->data); }
  const float* rows() const { return static_cast<const float*>(rows_->data); }

 private:
  struct Free {
    void operator()(ggml_context* context) const { ggml_free(context); }
    void operator()(ggml_gallocr* allocator) const { ggml_gallocr_free(allocator); }
  };
  std::unique_ptr<ggml_context, Free> context_;
  std::unique_ptr<ggml_gallocr, Free> allocator_;
  ggml_tensor* patches_ = nullptr;
  ggml_tensor* rows_ = nullptr;
  ggml_cgraph* graph_ = nullptr;
};

class SiglipEncoder : public VisionEncoder {
 public:
  SiglipEncoder(SiglipFile file, VisionKernels kernels, TextModel& text, GovernedDevice& device, int threads)
      : file_(std::move(file)),
        text_(text),
        device_(device),
        layers_(make_layers(file_, device, kernels, threads)) {}

  Expected<void> load(const Progress& progress, const CancelFlagPtr& cancel) {
    return layers_->fill(progress, cancel);
  }

  int longest_edge() const override { return file_.shape().longest_edge; }
  bool can_leave() const override { return true; }
  Expected<EncodedPicturePtr> encode(const Image& image, int image_size, const CancelFlagPtr& cancel,
                                     const TileSink& on_tile) override;

 private:
  // What encoding a picture takes beside the weights; gone when the picture is encoded.
  class Run {
   public:
    ~Run() {
      if (layers_ != nullptr) layers_->end();
    }
    /// Fails with `over_budget` or `out_of_memory`; then only the destructor may be called.
    Expected<void> begin(SiglipEncoder& encoder);
    bool compute() {
      return ggml_backend_graph_compute(backend_.get(), graph_->get()) == GGML_STATUS_SUCCESS;
    }
    float* patches() const { return graph_->patches(); }
    const float* rows() const { return graph_->rows(); }

   private:
    struct Free {
      void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
    };
    SiglipLayers* layers_ = nullptr;
    std::optional<TileGraph> graph_;
    std::unique_ptr<ggml_backend, Free> backend_;
  };

  void cut_patches(const Image& image, int left, int top, float* out) const;
  Expected<Buffer> encode_tile(Run& run, const CancelFlagPtr& cancel);

  SiglipFile file_;
  TextModel& text_;
  GovernedDevice& device_;
  std::unique_ptr<SiglipLayers> layers_;
};

Expected<void> SiglipEncoder::Run::begin(SiglipEncoder& encoder) {
  layers_ = encoder.layers_.get();
  if (auto begun = layers_->begin(); !begun) return begun;
  graph_.emplace(encoder.file_.shape(), *layers_);
  if (!graph_->allocate(encoder.device_)) {
    return tl::unexpected(encoder.device_.take_refusal().value_or(
        Error{ErrorCode::out_of_memory, "no memory for the vision encoder's graph"}));
  }
  backend_.reset(ggml_backend_dev_init(encoder.device_.handle(), nullptr));
  return {};
}

// Each patch becomes one row: all of red, then green, then blue, as the model's first product wants it.
void SiglipEncoder::cut_patches(const Image& image, int left, int top, float* out) const {
  const SiglipShape& s = file_.shape();
  float colour[3][256];
  for (std::size_t c = 0; c < 3; ++c) {
    for (int i = 0; i < 256; ++i) {
      colour[c][i] = (static_cast<float>(i) / 255 - s.mean[c]) / s.deviation[c];
    }
  }
  const int side = s.patches_a_side();
  const auto* pixels = reinterpret_cast<const unsigned char*>(image.pixels.data());
  for (int patch = 0; patch < s.patches(); ++patch) {
    const int x = left + patch % side * s.patch, y = top + patch / side * s.patch;
    for (int c = 0; c < 3; ++c) {
      for (int row = 0; row < s.patch; ++row) {
        const unsigned char* from = pixels + (std::ptrdiff_t{y + row} * image.width + x) * 3 + c;
        for (int column = 0; column < s.patch; ++column) *out++ = colour[c][from[column * 3]];
      }
    }
  }
}

Expected<Buffer> SiglipEncoder::encode_tile(Run& run, const CancelFlagPtr& cancel) {
  const bool done = !cancel->cancelled() && run.compute();
  if (!done || cancel->cancelled()) {
    return tl::unexpected(explain_failure(device_, cancel, "the vision encoder"));
  }
  if (file_.data().damaged()) return tl::unexpected(file_.data().damage_error());
  const SiglipShape& s = file_.shape();
  const std::size_t bytes =
      static_cast<std::size_t>(s.positions()) * static_cast<std::size_t>(s.output_width) * sizeof(float);
  auto rows = device_.pool().allocate(MemoryHolder::cache_images, bytes);
  if (rows) std::memcpy(rows->data(), run.rows(), bytes);
  return rows;
}

Expected<EncodedPicturePtr> SiglipEncoder::encode(const Image& image, int image_size,
                                                  const CancelFlagPtr& cancel, const TileSink& on_tile) {
  device_.listen_to({cancel});
  const SiglipShape& s = file_.shape();
  const TileLayout layout = tile_layout(image.width, image.height, image_size, s.longest_edge, s.tile);
  const auto texts = texts_around_tiles(layout, file_.before_lone_overview());
  auto picture = std::make_shared<EncodedPicture>();
  Run run;
  if (auto begun = run.begin(*this); !begun) return tl::unexpected(begun.error());
  auto pixels = stretch_image(image, layout.columns * s.tile, layout.rows * s.tile, device_.pool());
  if (on_tile) on_tile(0, layout.tiles());
  for (int tile = 0; tile < layout.tiles(); ++tile) {
    const bool overview = layout.is_grid() && tile == layout.tiles() - 1;
    if (overview && pixels) pixels = stretch_image(*pixels, s.tile, s.tile, device_.pool());
    if (!pixels) return tl::unexpected(pixels.error());
    const int column = overview ? 0 : tile % layout.columns, row = overview ? 0 : tile / layout.columns;
    cut_patches(*pixels, column * s.tile, row * s.tile, run.patches());
    auto rows = encode_tile(run, cancel);
    if (!rows) return tl::unexpected(rows.error());
    picture->add_tokens(text_.tokenize(texts[static_cast<std::size_t>(tile)], false));
    picture->add_tile(std::move(*rows), s.positions());
    if (on_tile) on_tile(tile + 1, layout.tiles());
  }
  picture->add_tokens(text_.tokenize(texts.back(), false));
  return picture;
}

}  // namespace

SiglipBytes siglip_bytes(const SiglipFile& file, VisionKernels kernels, int threads) {
  constexpr auto kCompute = MemoryHolder::compute_vision;
  auto pool = MemoryPool::create(std::make_unique<memory::AddressesOnly>());
  GovernedDevice device(pool, {MemoryHolder::weights_vision, kCompute}, threads, false);
  const auto layers = make_layers(file, device, kernels, threads);
  TileGraph graph(file.shape(), *layers);
  graph.allocate(device);
  const std::size_t page = PageSource::page_bytes();
  const auto whole_pages = [&](std::size_t bytes) { return (bytes + page - 1) / page * page; };
  const bool mapped = layers->working_bytes() == 0;
  return {mapped ? layers->weight_bytes() : whole_pages(layers->weight_bytes()),
          pool->ledger().of(kCompute) + whole_pages(layers->working_bytes()) + graph.scratch_bytes(threads)};
}

Expected<std::unique_ptr<VisionEncoder>> load_siglip_encoder(SiglipFile file, VisionKernels kernels,
                                                             TextModel& text, GovernedDevice& device,
                                                             int threads, const Progress& progress,
                                                             const CancelFlagPtr& cancel) {
  device.listen_to({cancel});
  auto encoder = std::make_unique<SiglipEncoder>(std::move(file), kernels, text, device, threads);
  if (auto loaded = encoder->load(progress, cancel); !loaded) return tl::unexpected(loaded.error());
  return encoder;
}

}  // namespace plimsoll::engine
