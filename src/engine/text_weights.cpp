#include "engine/text_weights.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <string_view>
#include <utility>

#include "base/work_team.h"
#include "engine/llama_internals.h"

namespace plimsoll::engine {

namespace {

// Norms and biases: all of them together are smaller than one matrix, and not worth a read.
constexpr std::size_t kSmallTensorBytes = 64 * 1024;
constexpr std::size_t kPopulateBytes = 8 * 1024 * 1024;  // between two looks at the cancel flag

// N of "blk.N.name"; -1 for what belongs to no layer.
int layer_number(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  return name.starts_with(kPrefix) ? std::atoi(name.data() + kPrefix.size()) : -1;
}

template <typename Size>
std::size_t sum_of(const std::vector<ggml_tensor*>& tensors, Size size) {
  return std::accumulate(tensors.begin(), tensors.end(), std::size_t{0},
                         [&](std::size_t sum, const ggml_tensor* t) { return sum + size(t); });
}
std::size_t sum_of_bytes(const std::vector<ggml_tensor*>& tensors) { return sum_of(tensors, ggml_nbytes); }

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }
std::size_t whole_pages(std::size_t bytes) { return round_up(bytes, PageSource::page_bytes()); }

std::size_t aligned_bytes(const ggml_tensor* tensor) {
  constexpr std::size_t kAlignment = 64;  // of ggml's CPU kernels
  return round_up(ggml_nbytes(tensor), kAlignment);
}

std::size_t repacked_bytes(ggml_backend_buffer_type_t type, const ggml_tensor* tensor) {
  return round_up(ggml_backend_buft_get_alloc_size(type, tensor), ggml_backend_buft_get_alignment(type));
}

void place(ggml_tensor* tensor, ggml_backend_buffer_t buffer, std::byte* data) {
  tensor->buffer = buffer;
  tensor->data = data;
}

}  // namespace

TextWeights::~TextWeights() { device_.stream_from(nullptr); }

Expected<std::unique_ptr<TextWeights>> TextWeights::open(llama_model& model, GovernedDevice& device,
                                                         std::shared_ptr<WeightFile> file,
                                                         WeightLayout layout) {
  std::unique_ptr<TextWeights> weights(new TextWeights(device, std::move(file), layout));
  for (ggml_tensor* tensor : weights_of(model)) {
    if (auto sorted = weights->sort(tensor); !sorted) return tl::unexpected(sorted.error());
  }
  weights->lay_out_layers();
  return weights;
}

Expected<void> TextWeights::sort(ggml_tensor* tensor) {
  const WeightFile::Place* at = file_->find(tensor->name);
  if (at == nullptr || at->bytes != ggml_nbytes(tensor)) {
    return fail(ErrorCode::invalid_argument, std::string("the model's file has no tensor ") + tensor->name +
                                                 " of that shape; it is damaged, or was replaced meanwhile");
  }
  const ggml_backend_buffer_type_t type = ggml_backend_buffer_get_type(tensor->buffer);
  const int layer = layer_number(tensor->name);
  const bool repacked = device_.is_repacked(type);
  if (repacked && layout_ == WeightLayout::repacked) {
    sorted_.repacked[type].push_back(tensor);
  } else if (!repacked && type != device_.plain_type()) {
    sorted_.scattered.push_back(tensor);
    mapped_bytes_ += ggml_nbytes(tensor);
  } else if (!streamed()) {
    sorted_.whole.push_back(tensor);
  } else if (layer < 0 || ggml_nbytes(tensor) < kSmallTensorBytes) {
    sorted_.kept.push_back(tensor);
  } else {
    add_to_layer(tensor, layer);
  }
  return {};
}

std::size_t TextWeights::fixed_bytes() const { return sum_of_bytes(sorted_.whole) + private_bytes(); }

std::size_t TextWeights::private_bytes() const {
  std::size_t bytes = whole_pages(sum_of(sorted_.kept, aligned_bytes));
  for (const auto& [type, tensors] : sorted_.repacked) {
    bytes +=
        whole_pages(sum_of(tensors, [type = type](const ggml_tensor* t) { return repacked_bytes(type, t); }));
  }
  return bytes;
}

Expected<void> TextWeights::fill(const Progress& progress, const CancelFlagPtr& cancel) {
  const std::size_t total = std::max<std::size_t>(fixed_bytes(), 1);
  std::size_t done = 0;
  const Step step = [&](std::size_t bytes) {
    done += bytes;
    if (progress) progress(std::min(1.0F, static_cast<float>(done) / static_cast<float>(total)));
    return !cancel->cancelled();
  };
  announce_layers();
  auto filled = map_scattered();
  if (filled) filled = map_charged(step);
  for (const auto& [type, tensors] : sorted_.repacked) {
    if (filled) filled = repack(tensors, step);
  }
  if (filled) filled = read_small();
  if (filled && !step(0)) filled = fail(ErrorCode::cancelled, "the load was cancelled");
  return filled;
}

Expected<void> TextWeights::map_scattered() {
  for (ggml_tensor* tensor : sorted_.scattered) {
    const WeightFile::Place& at = *file_->find(tensor->name);
    auto mapping = file_->map(at.part);
    if (!mapping) return tl::unexpected(mapping.error());
    (*mapping)->expect_scattered_reads(at.offset, at.bytes);
    std::byte* data = (*mapping)->data() + at.offset;
    buffers_.emplace_back(ggml_backend_cpu_buffer_from_ptr(data, at.bytes));
    place(tensor, buffers_.back().get(), data);
  }
  return {};
}

Expected<void> TextWeights::map_charged(const Step& step) {
  if (sorted_.whole.empty()) return {};
  auto charge = device_.charge_weights(sum_of_bytes(sorted_.whole));
  if (!charge) return tl::unexpected(charge.error());
  charges_.push_back(std::move(*charge));
  std::vector<Piece> pieces;
  for (ggml_tensor* tensor : sorted_.whole) {
    const WeightFile::Place& at = *file_->find(tensor->name);
    auto mapping = file_->map(at.part);
    if (!mapping) return tl::unexpected(mapping.error());
    std::byte* data = (*mapping)->data() + at.offset;
    buffers_.emplace_back(device_.wrap_weights(data, at.bytes));
    place(tensor, buffers_.back().get(), data);
    for (std::size_t offset = 0; offset < at.bytes; offset += kPopulateBytes) {
      pieces.push_back({&**mapping, at.offset + offset, std::min(kPopulateBytes, at.bytes - offset)});
    }
  }
  return warm(pieces, step);
}

// Reads the pages of the file that are not in memory yet, and maps them.
Expected<void> TextWeights::warm(const std::vector<Piece>& pieces, const Step& step) {
  std::size_t told = 0;
  const auto tell = [&](std::size_t done) {
    std::size_t bytes = 0;
    while (told < done) bytes += pieces[told++].bytes;
    return step(bytes);
  };
  const auto populate = [&](std::size_t i) { pieces[i].file->populate(pieces[i].offset, pieces[i].bytes); };
  if (!share_work(pieces.size(), device_.threads(), populate, tell) || !tell(pieces.size())) {
    return fail(ErrorCode::cancelled, "the load was cancelled");
  }
  return {};
}

// The layout's own code converts from the mapped pages, which the kernel may drop again.
Expected<void> TextWeights::repack(const std::vector<ggml_tensor*>& tensors, const Step& step) {
  const ggml_backend_buffer_type_t type = ggml_backend_buffer_get_type(tensors.front()->buffer);
  const auto size_of = [&](const ggml_tensor* t) { return repacked_bytes(type, t); };
  ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(type, sum_of(tensors, size_of));
  if (buffer == nullptr) {
    return tl::unexpected(
        device_.take_refusal().value_or(Error{ErrorCode::out_of_memory, "no memory for the weights"}));
  }
  buffers_.emplace_back(buffer);
  ggml_backend_buffer_set_usage(buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  auto* address = static_cast<std::byte*>(ggml_backend_buffer_get_base(buffer));
  for (ggml_tensor* tensor : tensors) {
    const WeightFile::Place& at = *file_->find(tensor->name);
    auto mapping = file_->map(at.part);
    if (!mapping) return tl::unexpected(mapping.error());
    place(tensor, nullptr, nullptr);
    ggml_backend_tensor_alloc(buffer, tensor, address);
    address += size_of(tensor);
    ggml_backend_tensor_set(tensor, (*mapping)->data() + at.offset, 0, at.bytes);
    (*mapping)->drop(at.offset, at.bytes);
    if (file_->damaged()) return tl::unexpected(file_->damage_error());
    if (!step(at.bytes)) return fail(ErrorCode::cancelled, "the load was cancelled");
  }
  return {};
}

Expected<void> TextWeights::read_small() {
  if (sorted_.kept.empty()) return {};
  const std::size_t bytes = sum_of(sorted_.kept, aligned_bytes);
  auto memory = device_.allocate_weights(bytes);
  if (!memory) return tl::unexpected(memory.error());
  std::byte* address = memory->data();
  buffers_.emplace_back(device_.wrap_weights(address, bytes));
  memory_.push_back(std::move(*memory));
  for (ggml_tensor* tensor : sorted_.kept) {
    if (auto read = file_->read(*file_->find(tensor->name), address); !read) return read;
    place(tensor, buffers_.back().get(), address);
    address += aligned_bytes(tensor);
  }
  return {};
}

// ---- layers ---------------------------------------------------------------------------------------------

void TextWeights::add_to_layer(ggml_tensor* tensor, int number) {
  const auto index = static_cast<std::size_t>(number);
  if (layers_.size() <= index) layers_.resize(index + 1);
  layers_[index].weights.add(tensor, *file_->find(tensor->name));
}

// Where they lie is written before each use; until then ggml must only know whose they are.
void TextWeights::announce_layers() {
  if (layers_.empty()) return;
  buffers_.emplace_back(device_.wrap_weights(this, sizeof(*this)));
  for (const Layer& layer : layers_) {
    layer.weights.each_tensor([&](ggml_tensor* tensor) {
      place(tensor, buffers_.back().get(), reinterpret_cast<std::byte*>(this));
    });
  }
}

void TextWeights::lay_out_layers() {
  std::erase_if(layers_, [](const Layer& layer) { return layer.weights.empty(); });
  for (Layer& layer : layers_) layer.weights.lay_out();
}

std::vector<std::size_t> TextWeights::layer_bytes() const {
  std::vector<std::size_t> bytes;
  for (const Layer& layer : layers_) bytes.push_back(layer.weights.bytes());
  return bytes;
}

Expected<void> TextWeights::bring_in(Layer& layer) {
  auto memory = device_.allocate_weights(layer.weights.bytes());
  if (!memory) return tl::unexpected(memory.error());
  if (auto read = layer.weights.read(*file_, memory->data()); !read) return read;
  layer.memory = std::move(*memory);
  layer.weights.point_at(layer.memory.data());
  return {};
}

double TextWeights::measure_reading() const {
  if (layers_.empty()) return 0;
  const StreamedLayer& layer = layers_.back().weights;  // the least likely to be in the page cache
  auto memory = device_.allocate_weights(layer.bytes());
  if (!memory) return 0;
  const auto start = std::chrono::steady_clock::now();
  if (!layer.read(*file_, memory->data())) return 0;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return static_cast<double>(layer.bytes()) / std::max(took.count(), 1e-6);
}

void TextWeights::drop_layers() {
  settled_ = false;
  device_.stream_from(nullptr);
  stream_.reset();
  for (Layer& layer : layers_) layer.memory.release();
}

Expected<void> TextWeights::keep_layers(std::size_t room) {
  drop_layers();
  const LayersToKeep choice = layers_to_keep(layer_bytes(), room);
  Expected<void> done;
  for (std::size_t i = 0; i < layers_.size() && done; ++i) {
    if (choice.kept[i]) done = bring_in(layers_[i]);
  }
  if (done) done = stream_others();
  if (!done) drop_layers();
  settled_ = done.has_value();
  return done;
}

Expected<void> TextWeights::keep_fewer_layers() {
  bool goes = false;
  for (Layer& layer : layers_) {
    if (layer.memory.size() == 0) continue;
    if (goes) layer.memory.release();
    goes = !goes;
  }
  auto done = stream_others();
  if (!done) drop_layers();
  settled_ = false;
  return done;
}

// Layers that are not kept pass through two slots.
Expected<void> TextWeights::stream_others() {
  std::vector<const StreamedLayer*> layers;
  for (const Layer& layer : layers_) {
    if (layer.memory.size() == 0) layers.push_back(&layer.weights);
  }
  device_.stream_from(nullptr);
  stream_.reset();
  if (layers.empty()) return {};
  const auto larger = [](const StreamedLayer* a, const StreamedLayer* b) { return a->bytes() < b->bytes(); };
  const std::size_t largest = (*std::max_element(layers.begin(), layers.end(), larger))->bytes();
  std::array<Buffer, 2> slots;
  for (Buffer& slot : slots) {
    auto memory = device_.allocate_weights(largest);
    if (!memory) return tl::unexpected(memory.error());
    slot = std::move(*memory);
  }
  stream_ = std::make_unique<LayerStream>(*file_, std::move(layers), std::move(slots));
  device_.stream_from(stream_.get());
  return {};
}

}  // namespace plimsoll::engine
