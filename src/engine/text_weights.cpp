#include "engine/text_weights.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

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

std::size_t sum_of_bytes(const std::vector<ggml_tensor*>& tensors) {
  return std::accumulate(tensors.begin(), tensors.end(), std::size_t{0},
                         [](std::size_t sum, const ggml_tensor* t) { return sum + ggml_nbytes(t); });
}

tl::unexpected<Error> missing(const ggml_tensor* tensor) {
  return fail(ErrorCode::invalid_argument, std::string("the model's file has no tensor ") + tensor->name +
                                               "; it is damaged or of another release");
}

void place(ggml_tensor* tensor, ggml_backend_buffer_t buffer, std::byte* data) {
  tensor->buffer = buffer;
  tensor->data = data;
}

}  // namespace

TextWeights::~TextWeights() { device_.stream_from(nullptr); }

Expected<std::unique_ptr<TextWeights>> TextWeights::fill(llama_model& model, GovernedDevice& device,
                                                         const std::filesystem::path& path, bool streamed,
                                                         const Progress& progress,
                                                         const CancelFlagPtr& cancel) {
  auto file = WeightFile::open(path);
  if (!file) return tl::unexpected(file.error());
  std::unique_ptr<TextWeights> weights(new TextWeights(device, std::move(*file), streamed));

  std::vector<ggml_tensor*> scattered, whole, kept;
  std::map<ggml_backend_buffer_type_t, std::vector<ggml_tensor*>> repacked;
  std::size_t total = 0, done = 0;
  for (ggml_tensor* tensor : weights_of(model)) {
    const ggml_backend_buffer_type_t type = ggml_backend_buffer_get_type(tensor->buffer);
    const int layer = layer_number(tensor->name);
    if (device.is_repacked(type)) {
      repacked[type].push_back(tensor);
    } else if (type != device.plain_type()) {
      scattered.push_back(tensor);
    } else if (!streamed) {
      whole.push_back(tensor);
    } else if (layer < 0 || ggml_nbytes(tensor) < kSmallTensorBytes) {
      kept.push_back(tensor);
    } else {
      if (auto added = weights->add_to_layer(tensor, layer); !added) return tl::unexpected(added.error());
    }
    total += ggml_nbytes(tensor);
  }
  weights->lay_out_layers();
  const auto step = [&](std::size_t bytes) {
    done += bytes;
    if (progress) progress(static_cast<float>(done) / static_cast<float>(std::max<std::size_t>(total, 1)));
    return !cancel->cancelled();
  };
  auto filled = weights->map_scattered(scattered);
  if (filled) filled = weights->map_charged(whole, step);
  for (const auto& [type, tensors] : repacked) {
    if (filled) filled = weights->repack(tensors, step);
  }
  if (filled) filled = weights->read_small(kept);
  if (filled && !step(0)) filled = fail(ErrorCode::cancelled, "the load was cancelled");
  if (!filled) return tl::unexpected(filled.error());
  end_simulation(model);
  return weights;
}

Expected<void> TextWeights::map_scattered(const std::vector<ggml_tensor*>& tensors) {
  for (ggml_tensor* tensor : tensors) {
    const WeightFile::Place* at = file_->find(tensor->name);
    if (at == nullptr) return missing(tensor);
    auto mapping = file_->map(at->part);
    if (!mapping) return tl::unexpected(mapping.error());
    (*mapping)->expect_scattered_reads(at->offset, at->bytes);
    std::byte* data = (*mapping)->data() + at->offset;
    buffers_.emplace_back(ggml_backend_cpu_buffer_from_ptr(data, at->bytes));
    place(tensor, buffers_.back().get(), data);
    mapped_bytes_ += at->bytes;
  }
  return {};
}

Expected<void> TextWeights::map_charged(const std::vector<ggml_tensor*>& tensors,
                                        const std::function<bool(std::size_t)>& step) {
  if (tensors.empty()) return {};
  auto charge = device_.charge_weights(sum_of_bytes(tensors));
  if (!charge) return tl::unexpected(charge.error());
  charges_.push_back(std::move(*charge));
  for (ggml_tensor* tensor : tensors) {
    const WeightFile::Place* at = file_->find(tensor->name);
    if (at == nullptr) return missing(tensor);
    auto mapping = file_->map(at->part);
    if (!mapping) return tl::unexpected(mapping.error());
    std::byte* data = (*mapping)->data() + at->offset;
    buffers_.emplace_back(device_.wrap_weights(data, at->bytes));
    place(tensor, buffers_.back().get(), data);
    for (std::size_t offset = 0; offset < at->bytes; offset += kPopulateBytes) {
      const std::size_t bytes = std::min(kPopulateBytes, at->bytes - offset);
      (*mapping)->populate(at->offset + offset, bytes);
      if (!step(bytes)) return fail(ErrorCode::cancelled, "the load was cancelled");
    }
  }
  return {};
}

// The layout's own code converts from the mapped pages, which the kernel may drop again.
Expected<void> TextWeights::repack(const std::vector<ggml_tensor*>& tensors,
                                   const std::function<bool(std::size_t)>& step) {
  const ggml_backend_buffer_type_t type = ggml_backend_buffer_get_type(tensors.front()->buffer);
  const std::size_t alignment = ggml_backend_buft_get_alignment(type);
  const auto size_of = [&](const ggml_tensor* t) {
    return (ggml_backend_buft_get_alloc_size(type, t) + alignment - 1) / alignment * alignment;
  };
  const std::size_t bytes =
      std::accumulate(tensors.begin(), tensors.end(), std::size_t{0},
                      [&](std::size_t sum, const ggml_tensor* t) { return sum + size_of(t); });
  ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(type, bytes);
  if (buffer == nullptr) {
    return tl::unexpected(
        device_.take_refusal().value_or(Error{ErrorCode::out_of_memory, "no memory for the weights"}));
  }
  buffers_.emplace_back(buffer);
  ggml_backend_buffer_set_usage(buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  auto* address = static_cast<std::byte*>(ggml_backend_buffer_get_base(buffer));
  for (ggml_tensor* tensor : tensors) {
    const WeightFile::Place* at = file_->find(tensor->name);
    if (at == nullptr) return missing(tensor);
    auto mapping = file_->map(at->part);
    if (!mapping) return tl::unexpected(mapping.error());
    place(tensor, nullptr, nullptr);
    ggml_backend_tensor_alloc(buffer, tensor, address);
    address += size_of(tensor);
    ggml_backend_tensor_set(tensor, (*mapping)->data() + at->offset, 0, at->bytes);
    (*mapping)->drop(at->offset, at->bytes);
    if (file_->damaged()) return tl::unexpected(file_->damage_error());
    if (!step(at->bytes)) return fail(ErrorCode::cancelled, "the load was cancelled");
  }
  return {};
}

Expected<void> TextWeights::read_small(const std::vector<ggml_tensor*>& tensors) {
  if (tensors.empty()) return {};
  constexpr std::size_t kAlignment = 64;
  const auto size_of = [](const ggml_tensor* t) {
    return (ggml_nbytes(t) + kAlignment - 1) / kAlignment * kAlignment;
  };
  const std::size_t bytes =
      std::accumulate(tensors.begin(), tensors.end(), std::size_t{0},
                      [&](std::size_t sum, const ggml_tensor* t) { return sum + size_of(t); });
  auto memory = device_.allocate_weights(bytes);
  if (!memory) return tl::unexpected(memory.error());
  std::byte* address = memory->data();
  buffers_.emplace_back(device_.wrap_weights(address, bytes));
  memory_.push_back(std::move(*memory));
  for (ggml_tensor* tensor : tensors) {
    const WeightFile::Place* at = file_->find(tensor->name);
    if (at == nullptr) return missing(tensor);
    if (auto read = file_->read(*at, address); !read) return read;
    place(tensor, buffers_.back().get(), address);
    address += size_of(tensor);
  }
  return {};
}

// ---- layers ---------------------------------------------------------------------------------------------

Expected<void> TextWeights::add_to_layer(ggml_tensor* tensor, int number) {
  const WeightFile::Place* at = file_->find(tensor->name);
  if (at == nullptr) return missing(tensor);
  const auto index = static_cast<std::size_t>(number);
  if (layers_.size() <= index) layers_.resize(index + 1);
  layers_[index].weights.add(tensor, *at);
  // Where it lies is written before each use; until then ggml must only know whose it is.
  if (buffers_.empty()) buffers_.emplace_back(device_.wrap_weights(this, sizeof(*this)));
  place(tensor, buffers_.front().get(), reinterpret_cast<std::byte*>(this));
  return {};
}

void TextWeights::lay_out_layers() {
  std::erase_if(layers_, [](const Layer& layer) { return layer.weights.empty(); });
  for (Layer& layer : layers_) layer.weights.lay_out();
}

std::size_t TextWeights::layer_bytes() const {
  return std::accumulate(layers_.begin(), layers_.end(), std::size_t{0},
                         [](std::size_t sum, const Layer& l) { return sum + l.weights.bytes(); });
}

std::size_t TextWeights::largest_layer_bytes() const {
  std::size_t largest = 0;
  for (const Layer& layer : layers_) largest = std::max(largest, layer.weights.bytes());
  return largest;
}

Expected<void> TextWeights::bring_in(Layer& layer) {
  auto memory = device_.allocate_weights(layer.weights.bytes());
  if (!memory) return tl::unexpected(memory.error());
  if (auto read = layer.weights.read(*file_, memory->data()); !read) return read;
  layer.memory = std::move(*memory);
  layer.weights.point_at(layer.memory.data());
  return {};
}

void TextWeights::drop_layers() {
  settled_ = false;
  device_.stream_from(nullptr);
  stream_.reset();
  for (Layer& layer : layers_) layer.memory.release();
}

Expected<void> TextWeights::keep_layers(std::size_t bytes) {
  const std::size_t one = largest_layer_bytes();
  const std::size_t count = layers_.size();
  const std::size_t kept = one == 0 ? count : std::min(count, bytes / one);
  const std::size_t streamed = count - kept;
  drop_layers();

  // Spread evenly: while kept layers run, the next streamed one is read.
  std::vector<const StreamedLayer*> coming_and_going;
  std::vector<bool> stream(count, false);
  for (std::size_t i = 0; i < streamed; ++i) stream[(2 * i + 1) * count / (2 * streamed)] = true;
  Expected<void> done;
  for (std::size_t i = 0; i < count && done; ++i) {
    if (stream[i]) {
      coming_and_going.push_back(&layers_[i].weights);
    } else {
      done = bring_in(layers_[i]);
    }
  }
  std::array<Buffer, 2> slots;
  for (Buffer& slot : slots) {
    if (!done || streamed == 0) break;
    auto memory = device_.allocate_weights(one);
    if (!memory) done = tl::unexpected(memory.error());
    if (memory) slot = std::move(*memory);
  }
  if (!done) {
    drop_layers();
    return done;
  }
  if (streamed > 0) {
    stream_ = std::make_unique<LayerStream>(*file_, std::move(coming_and_going), std::move(slots));
    device_.stream_from(stream_.get());
  }
  settled_ = true;
  return {};
}

}  // namespace plimsoll::engine
