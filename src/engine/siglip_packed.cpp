#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/work_team.h"
#include "engine/siglip_layers.h"
#include "kernels/kernels.h"

namespace plimsoll::engine {

namespace {

using kernels::After;
using kernels::Kernels;
using kernels::PackedMatrix;
using kernels::Precision;
using kernels::PreparedRows;

std::size_t aligned(std::size_t bytes) {
  constexpr std::size_t kAlignment = 64;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}
std::size_t float_bytes(int count) { return aligned(static_cast<std::size_t>(count) * sizeof(float)); }

float* row_of(const ggml_tensor* tensor, int row) {
  return reinterpret_cast<float*>(static_cast<std::byte*>(tensor->data) +
                                  static_cast<std::size_t>(row) * tensor->nb[1]);
}

// Memory handed out piece by piece.
class Pieces {
 public:
  explicit Pieces(std::byte* memory) : next_(memory) {}
  std::byte* take(std::size_t bytes) { return std::exchange(next_, next_ + aligned(bytes)); }
  float* take_floats(int count) { return reinterpret_cast<float*>(take(float_bytes(count))); }

 private:
  std::byte* next_;
};

struct Norm {
  const float* weight = nullptr;
  const float* bias = nullptr;
};

struct Layer {
  Norm before_attention, before_mlp;
  PackedMatrix qkv, out, up, down;
};

class PackedLayers : public SiglipLayers {
 public:
  PackedLayers(const SiglipFile& file, GovernedDevice& device, int threads, const Kernels& kernels,
               Precision precision);

  std::size_t weight_bytes() const override { return weight_bytes_; }
  std::size_t working_bytes() const override { return thread_bytes() * static_cast<std::size_t>(threads_); }
  Expected<void> fill(const Progress& progress, const CancelFlagPtr& cancel) override;

  Expected<void> begin() override;
  void end() override { working_.release(); }

  ggml_tensor* embed(ggml_context* graph, ggml_tensor* patches) override;
  ggml_tensor* layer(ggml_context* graph, ggml_tensor* x, int index) override;
  ggml_tensor* connect(ggml_context* graph, ggml_tensor* x) override;

 private:
  // One matrix to be packed, of one or more tensors side by side.
  struct Packing {
    PackedMatrix* matrix;
    std::vector<std::string> names;
    int inputs;
    int outputs;
    Precision precision;
  };
  struct Copy {
    const float** target;
    std::string name;
  };
  struct Source;
  // What a node of the graph is told.
  struct Task {
    PackedLayers* self;
    const Layer* layer;
  };
  using Work = void (PackedLayers::*)(ggml_tensor& out, int thread, int threads, const Layer* layer);

  std::size_t packed_bytes(const Packing& packing) const {
    return kernels::packed_bytes(kernels_.layout, packing.precision, packing.inputs, packing.outputs);
  }
  void plan();
  void plan_layer(Layer& layer, const std::string& name);
  Expected<void> pack(Pieces memory, const Progress& progress, const CancelFlagPtr& cancel);
  void pack_outputs(const Source& source, int begin, int end) const;
  void drop(const Packing& packing, const MappedFile& file) const;
  std::size_t thread_bytes() const;
  Pieces scratch(int thread) const {
    return Pieces(working_.data() + static_cast<std::size_t>(thread) * thread_bytes());
  }

  template <Work kWork>
  ggml_tensor* node(ggml_context* graph, ggml_type type, int values, int rows,
                    std::vector<ggml_tensor*> sources, const Layer* layer);

  void embed_rows(ggml_tensor& out, int thread, int threads, const Layer*);
  void project_rows(ggml_tensor& out, int thread, int threads, const Layer* layer);
  void attend_heads(ggml_tensor& out, int thread, int threads, const Layer*);
  void finish_rows(ggml_tensor& out, int thread, int threads, const Layer* layer);
  void connect_rows(ggml_tensor& out, int thread, int threads, const Layer*);

  const SiglipFile& file_;
  const SiglipShape& shape_;
  GovernedDevice& device_;
  int threads_;
  const Kernels& kernels_;
  Precision precision_;

  std::vector<Packing> packings_;
  std::vector<Copy> copies_;
  std::size_t weight_bytes_ = 0;
  Buffer weights_, working_;
  std::vector<Task> tasks_;

  PackedMatrix patches_, connector_;
  const float* positions_ = nullptr;
  Norm last_;
  std::vector<Layer> layers_;
};

PackedLayers::PackedLayers(const SiglipFile& file, GovernedDevice& device, int threads,
                           const Kernels& kernels, Precision precision)
    : file_(file),
      shape_(file.shape()),
      device_(device),
      threads_(threads),
      kernels_(kernels),
      precision_(precision) {
  layers_.resize(static_cast<std::size_t>(shape_.layers));
  tasks_.reserve(layers_.size() + 1);
  tasks_.push_back({this, nullptr});
  for (const Layer& layer : layers_) tasks_.push_back({this, &layer});
  plan();
}

// ---- weights --------------------------------------------------------------------------------------------

void PackedLayers::plan() {
  const SiglipShape& s = shape_;
  // Colours differ little from patch to patch: the first product stays exact to 16 bits.
  packings_.push_back({&patches_, {"v.patch_embd"}, s.patch_values(), s.width, Precision::bf16});
  packings_.push_back({&connector_, {"mm.model.fc"}, s.shuffled_width(), s.output_width, precision_});
  copies_.push_back({&positions_, "v.position_embd.weight"});
  copies_.push_back({&last_.weight, "v.post_ln.weight"});
  copies_.push_back({&last_.bias, "v.post_ln.bias"});
  for (std::size_t i = 0; i < layers_.size(); ++i) plan_layer(layers_[i], "v.blk." + std::to_string(i) + ".");
  for (const Packing& p : packings_) {
    weight_bytes_ += aligned(packed_bytes(p));
  }
  for (const Copy& copy : copies_) {
    weight_bytes_ += float_bytes(static_cast<int>(ggml_nelements(file_.tensor(copy.name))));
  }
}

void PackedLayers::plan_layer(Layer& layer, const std::string& name) {
  const int width = shape_.width, mlp = shape_.mlp;
  copies_.push_back({&layer.before_attention.weight, name + "ln1.weight"});
  copies_.push_back({&layer.before_attention.bias, name + "ln1.bias"});
  copies_.push_back({&layer.before_mlp.weight, name + "ln2.weight"});
  copies_.push_back({&layer.before_mlp.bias, name + "ln2.bias"});
  packings_.push_back(
      {&layer.qkv, {name + "attn_q", name + "attn_k", name + "attn_v"}, width, 3 * width, precision_});
  packings_.push_back({&layer.out, {name + "attn_out"}, width, width, precision_});
  packings_.push_back({&layer.up, {name + "ffn_up"}, width, mlp, precision_});
  packings_.push_back({&layer.down, {name + "ffn_down"}, mlp, width, precision_});
}

// A tensor in the file's pages.
struct FileRows {
  const std::byte* data;
  ggml_type type;

  FileRows(const SiglipFile& file, const std::byte* pages, const std::string& name)
      : data(pages + file.place(name).offset), type(file.tensor(name)->type) {}

  /// Row `row`, which has `count` values, as floats.
  void read(std::int64_t row, std::int64_t count, float* target) const {
    const std::byte* at = data + static_cast<std::size_t>(row) * ggml_row_size(type, count);
    if (type == GGML_TYPE_F32) {
      std::memcpy(target, at, static_cast<std::size_t>(count) * sizeof(float));
    } else {
      ggml_get_type_traits(type)->to_float(at, target, count);
    }
  }
};

// A matrix and its bias. Found by name once, not for each row.
struct FileMatrix {
  FileRows weights;
  std::optional<FileRows> bias;

  FileMatrix(const SiglipFile& file, const std::byte* pages, const std::string& name)
      : weights(file, pages, name + ".weight") {
    if (file.tensor(name + ".bias")) bias.emplace(file, pages, name + ".bias");
  }
};

Expected<void> PackedLayers::fill(const Progress& progress, const CancelFlagPtr& cancel) {
  auto weights = device_.allocate_weights(weight_bytes_);
  if (!weights) return tl::unexpected(weights.error());
  weights_ = std::move(*weights);
  auto mapping = file_.data().map(0);
  if (!mapping) return tl::unexpected(mapping.error());

  Pieces memory(weights_.data());
  for (const Copy& copy : copies_) {
    const std::int64_t count = ggml_nelements(file_.tensor(copy.name));
    float* target = memory.take_floats(static_cast<int>(count));
    FileRows(file_, (*mapping)->data(), copy.name).read(0, count, target);
    *copy.target = target;
  }
  return pack(memory, progress, cancel);
}

Expected<void> PackedLayers::begin() {
  auto working = device_.allocate_compute(working_bytes());
  if (!working) return tl::unexpected(working.error());
  working_ = std::move(*working);
  return {};
}

// A matrix that is being packed.
struct PackedLayers::Source {
  const Packing& packing;
  std::vector<FileMatrix> tensors;
  std::atomic<int> left = 0;  // of its portions
};

// All matrices at once, so that no thread waits at the end of each.
Expected<void> PackedLayers::pack(Pieces memory, const Progress& progress, const CancelFlagPtr& cancel) {
  constexpr int kOutputs = 64;  // of a portion, or a few more: it has whole panels
  const int panel = kernels_.layout.outputs, size = (kOutputs + panel - 1) / panel * panel;
  struct Portion {
    Source* source;
    int begin;
  };
  const MappedFile& file = **file_.data().map(0);
  std::deque<Source> sources;
  std::vector<Portion> portions;
  for (const Packing& packing : packings_) {
    *packing.matrix = kernels::lay_out_packed(kernels_.layout, packing.precision, packing.inputs,
                                              packing.outputs, memory.take(packed_bytes(packing)));
    Source& source = sources.emplace_back(packing);
    for (const std::string& name : packing.names) source.tensors.emplace_back(file_, file.data(), name);
    for (int begin = 0; begin < packing.outputs; begin += size, ++source.left) {
      portions.push_back({&source, begin});
    }
  }
  const bool done = share_work(
      portions.size(), threads_,
      [&](std::size_t i) {
        const auto [source, begin] = portions[i];
        pack_outputs(*source, begin, std::min(begin + size, source->packing.outputs));
        if (--source->left == 0) drop(source->packing, file);
      },
      [&](std::size_t count) {
        if (progress) progress(static_cast<float>(count) / static_cast<float>(portions.size()));
        return !cancel->cancelled();
      });
  if (!done) return fail(ErrorCode::cancelled, "the load was cancelled");
  if (file_.data().damaged()) return tl::unexpected(file_.data().damage_error());
  if (progress) progress(1);
  return {};
}

void PackedLayers::pack_outputs(const Source& source, int begin, int end) const {
  const Packing& packing = source.packing;
  const int each = packing.outputs / static_cast<int>(source.tensors.size());
  std::vector<float> row(static_cast<std::size_t>(packing.inputs));
  kernels::clear_panels(*packing.matrix, begin, end);
  for (int output = begin; output < end; ++output) {
    const FileMatrix& matrix = source.tensors[static_cast<std::size_t>(output / each)];
    float bias = 0;
    if (matrix.bias) matrix.bias->read(output % each, 1, &bias);
    matrix.weights.read(output % each, packing.inputs, row.data());
    kernels_.pack_output(*packing.matrix, output, row.data(), bias);
  }
}

// The kernel may drop the file's pages once they are packed.
void PackedLayers::drop(const Packing& packing, const MappedFile& file) const {
  for (const std::string& name : packing.names) {
    const WeightFile::Place& at = file_.place(name + ".weight");
    file.drop(at.offset, at.bytes);
  }
}

// ---- nodes ----------------------------------------------------------------------------------------------

// The most that one node wants: a block of rows on both sides of the widest product, and what stands between.
std::size_t PackedLayers::thread_bytes() const {
  const SiglipShape& s = shape_;
  const auto floats = [](int values, int rows) {
    return static_cast<std::size_t>(rows) * float_bytes(values);
  };
  const auto prepared = [&](Precision precision, int values, int rows) {
    return aligned(kernels_.prepared_bytes(precision, values, rows));
  };
  const std::size_t finishing = prepared(precision_, std::max(s.width, s.mlp), kernels_.row_block) +
                                prepared(precision_, s.width, kernels_.row_block) +
                                floats(s.mlp, kernels_.row_block) + floats(s.width, 1);
  const std::size_t embedding = prepared(Precision::bf16, s.patch_values(), kernels_.row_block);
  const std::size_t connecting =
      prepared(precision_, s.shuffled_width(), kernels_.long_row_block) + floats(s.shuffled_width(), 1);
  const std::size_t attending = kernels_.attention_bytes({s.patches(), s.heads, s.head_width()});
  return aligned(std::max({finishing, embedding, connecting, attending}));
}

template <PackedLayers::Work kWork>
ggml_tensor* PackedLayers::node(ggml_context* graph, ggml_type type, int values, int rows,
                                std::vector<ggml_tensor*> sources, const Layer* layer) {
  const auto run = [](ggml_tensor* out, int thread, int threads, void* data) {
    const auto& task = *static_cast<const Task*>(data);
    (task.self->*kWork)(*out, thread, threads, task.layer);
  };
  const std::size_t index = layer == nullptr ? 0 : static_cast<std::size_t>(layer - layers_.data()) + 1;
  return ggml_custom_4d(graph, type, values, rows, 1, 1, sources.data(), static_cast<int>(sources.size()),
                        run, GGML_N_TASKS_MAX, &tasks_[index]);
}

ggml_tensor* PackedLayers::embed(ggml_context* graph, ggml_tensor* patches) {
  return node<&PackedLayers::embed_rows>(graph, GGML_TYPE_F32, shape_.width, shape_.patches(), {patches},
                                         nullptr);
}

ggml_tensor* PackedLayers::layer(ggml_context* graph, ggml_tensor* x, int index) {
  const Layer* layer = &layers_[static_cast<std::size_t>(index)];
  const int width = shape_.width, rows = shape_.patches();
  ggml_tensor* qkv = node<&PackedLayers::project_rows>(graph, GGML_TYPE_BF16, 3 * width, rows, {x}, layer);
  ggml_tensor* seen = node<&PackedLayers::attend_heads>(graph, GGML_TYPE_F32, width, rows, {qkv}, layer);
  return node<&PackedLayers::finish_rows>(graph, GGML_TYPE_F32, width, rows, {x, seen}, layer);
}

ggml_tensor* PackedLayers::connect(ggml_context* graph, ggml_tensor* x) {
  return node<&PackedLayers::connect_rows>(graph, GGML_TYPE_F32, shape_.output_width, shape_.positions(), {x},
                                           nullptr);
}

// Calls visit(first row, rows) for this thread's blocks.
template <typename Visit>
void each_block(int rows, int block, int thread, int threads, Visit visit) {
  for (int first = thread * block; first < rows; first += threads * block) {
    visit(first, std::min(block, rows - first));
  }
}

void PackedLayers::embed_rows(ggml_tensor& out, int thread, int threads, const Layer*) {
  const int inputs = shape_.patch_values(), width = shape_.width;
  each_block(shape_.patches(), kernels_.row_block, thread, threads, [&](int first, int count) {
    Pieces pieces = scratch(thread);
    const PreparedRows rows =
        kernels_.lay_out_prepared(Precision::bf16, inputs, kernels_.row_block, pieces.take(0));
    for (int i = 0; i < count; ++i) {
      kernels_.prepare_row(rows, i, row_of(out.src[0], first + i));
      std::memcpy(row_of(&out, first + i), positions_ + static_cast<std::ptrdiff_t>(first + i) * width,
                  static_cast<std::size_t>(width) * sizeof(float));
    }
    kernels_.multiply(patches_, rows, count,
                      {row_of(&out, first), static_cast<std::size_t>(width), After::add});
  });
}

void PackedLayers::project_rows(ggml_tensor& out, int thread, int threads, const Layer* layer) {
  const int width = shape_.width;
  const Norm& norm = layer->before_attention;
  each_block(shape_.patches(), kernels_.row_block, thread, threads, [&](int first, int count) {
    Pieces pieces = scratch(thread);
    float* normal = pieces.take_floats(width);
    const PreparedRows rows =
        kernels_.lay_out_prepared(precision_, width, kernels_.row_block, pieces.take(0));
    for (int i = 0; i < count; ++i) {
      kernels_.layer_norm(row_of(out.src[0], first + i), norm.weight, norm.bias, shape_.epsilon, width,
                          normal);
      kernels_.prepare_row(rows, i, normal);
    }
    auto* target = reinterpret_cast<std::uint16_t*>(row_of(&out, first));
    kernels_.multiply_halved(layer->qkv, rows, count,
                             {.data = target,
                              .stride = static_cast<std::size_t>(3 * width),
                              .scaled_outputs = width,
                              .factor = kernels::query_factor(shape_.head_width())});
  });
}

void PackedLayers::attend_heads(ggml_tensor& out, int thread, int threads, const Layer*) {
  const auto* qkv = static_cast<const std::uint16_t*>(out.src[0]->data);
  for (int head = thread; head < shape_.heads; head += threads) {
    kernels_.attend({shape_.patches(), shape_.heads, shape_.head_width()}, head, qkv, row_of(&out, 0),
                    scratch(thread).take(0));
  }
}

// All that follows attention concerns each row alone.
void PackedLayers::finish_rows(ggml_tensor& out, int thread, int threads, const Layer* layer) {
  const int width = shape_.width, mlp = shape_.mlp;
  const auto stride = static_cast<std::size_t>(width);
  each_block(shape_.patches(), kernels_.row_block, thread, threads, [&](int first, int count) {
    Pieces pieces = scratch(thread);
    float* normal = pieces.take_floats(width);
    float* inner = pieces.take_floats(mlp * kernels_.row_block);
    const PreparedRows narrow = kernels_.lay_out_prepared(
        precision_, width, kernels_.row_block,
        pieces.take(kernels_.prepared_bytes(precision_, width, kernels_.row_block)));
    const PreparedRows wide = kernels_.lay_out_prepared(precision_, mlp, kernels_.row_block, pieces.take(0));
    float* x = row_of(&out, first);
    for (int i = 0; i < count; ++i) {
      kernels_.prepare_row(narrow, i, row_of(out.src[1], first + i));
      std::memcpy(x + i * width, row_of(out.src[0], first + i), stride * sizeof(float));
    }
    kernels_.multiply(layer->out, narrow, count, {x, stride, After::add});
    for (int i = 0; i < count; ++i) {
      kernels_.layer_norm(x + i * width, layer->before_mlp.weight, layer->before_mlp.bias, shape_.epsilon,
                          width, normal);
      kernels_.prepare_row(narrow, i, normal);
    }
    kernels_.multiply(layer->up, narrow, count, {inner, static_cast<std::size_t>(mlp), After::gelu});
    for (int i = 0; i < count; ++i) kernels_.prepare_row(wide, i, inner + i * mlp);
    kernels_.multiply(layer->down, wide, count, {x, stride, After::add});
  });
}

// A square of patches becomes one row: row by row of the square, each patch's values together.
void PackedLayers::connect_rows(ggml_tensor& out, int thread, int threads, const Layer*) {
  const SiglipShape& s = shape_;
  const int side = s.patches_a_side(), less = side / s.shuffle, inputs = s.shuffled_width();
  each_block(s.positions(), kernels_.long_row_block, thread, threads, [&](int first, int count) {
    Pieces pieces = scratch(thread);
    float* square = pieces.take_floats(inputs);
    const PreparedRows rows =
        kernels_.lay_out_prepared(precision_, inputs, kernels_.long_row_block, pieces.take(0));
    for (int i = 0; i < count; ++i) {
      const int top = (first + i) / less * s.shuffle, left = (first + i) % less * s.shuffle;
      for (int j = 0; j < s.shuffle * s.shuffle; ++j) {
        const int patch = (top + j / s.shuffle) * side + left + j % s.shuffle;
        kernels_.layer_norm(row_of(out.src[0], patch), last_.weight, last_.bias, s.epsilon, s.width,
                            square + j * s.width);
      }
      kernels_.prepare_row(rows, i, square);
    }
    kernels_.multiply(connector_, rows, count,
                      {row_of(&out, first), static_cast<std::size_t>(s.output_width), After::nothing});
  });
}

}  // namespace

std::unique_ptr<SiglipLayers> make_packed_layers(const SiglipFile& file, GovernedDevice& device, int threads,
                                                 const Kernels& kernels, Precision precision) {
  return std::make_unique<PackedLayers>(file, device, threads, kernels, precision);
}

}  // namespace plimsoll::engine
