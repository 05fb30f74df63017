#include "engine/text_model.h"

#include <array>
#include <cstring>

#include "engine/engine_log.h"
#include "engine/llama_internals.h"

namespace plimsoll::engine {

Error explain_failure(GovernedDevice& device, const CancelFlagPtr& cancel, const std::string& what) {
  const std::string complaint = take_engine_complaint();
  if (auto refusal = device.take_refusal()) return *refusal;
  if (cancel->cancelled()) return {ErrorCode::cancelled, what + " was cancelled"};
  return {ErrorCode::engine, what + " failed" + (complaint.empty() ? "" : ": " + complaint)};
}

TextModel::TextModel(llama_model* model, GovernedDevice& device, std::shared_ptr<WeightFile> file)
    : device_(device),
      file_(std::move(file)),
      model_(model),
      vocab_(llama_model_get_vocab(model)),
      embeddings_(plain_token_embeddings(*model)) {
  for (ggml_tensor* tensor : weights_of(*model)) unfilled_.emplace_back(tensor, tensor->buffer);
}

Expected<std::unique_ptr<TextModel>> TextModel::open(const std::filesystem::path& path,
                                                     GovernedDevice& device, const CancelFlagPtr& cancel) {
  capture_engine_log();
  auto file = WeightFile::open(path);
  if (!file) return tl::unexpected(file.error());
  if (cancel->cancelled()) return fail(ErrorCode::cancelled, "the load was cancelled");
  std::array<ggml_backend_dev_t, 2> devices = {device.handle(), nullptr};
  llama_model_params params = llama_model_default_params();
  params.devices = devices.data();
  params.n_gpu_layers = -1;  // all
  params.load_mode = LLAMA_LOAD_MODE_NONE;
  params.no_alloc = true;  // the weights are ours to place

  const GovernedDevice::LoadingWeights scope(device);
  llama_model* opened = llama_model_load_from_file(path.c_str(), params);
  if (opened == nullptr) {
    return tl::unexpected(explain_failure(device, cancel, "loading " + path.filename().string()));
  }
  return std::unique_ptr<TextModel>(new TextModel(opened, device, std::move(*file)));
}

Expected<std::unique_ptr<TextWeights>> TextModel::sketch_weights(WeightLayout layout) const {
  return TextWeights::open(*model_, device_, file_, layout);
}

Expected<void> TextModel::fill(WeightLayout layout, const Progress& progress, const CancelFlagPtr& cancel) {
  const GovernedDevice::LoadingWeights scope(device_);
  auto weights = sketch_weights(layout);
  if (!weights) return tl::unexpected(weights.error());
  weights_ = std::move(*weights);
  auto filled = weights_->fill(progress, cancel);
  if (filled) {
    simulate(*model_, false);
  } else {
    empty();
  }
  return filled;
}

void TextModel::empty() {
  weights_.reset();
  for (const auto& [tensor, buffer] : unfilled_) {
    tensor->buffer = buffer;
    tensor->data = nullptr;
    tensor->extra = nullptr;  // what a repacked layout knew of it
  }
  simulate(*model_, true);
}

std::vector<llama_token> TextModel::tokenize(std::string_view text, bool first) const {
  const auto length = static_cast<int>(text.size());
  std::vector<llama_token> tokens(text.size() + 2);
  int count = llama_tokenize(vocab_, text.data(), length, tokens.data(), static_cast<int>(tokens.size()),
                             first, true);
  if (count < 0) {
    tokens.resize(static_cast<std::size_t>(-count));
    count = llama_tokenize(vocab_, text.data(), length, tokens.data(), -count, first, true);
  }
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  return tokens;
}

void TextModel::embed(llama_token token, std::span<float> row) const {
  const auto width = static_cast<std::int64_t>(row.size());
  const auto* data =
      static_cast<const std::byte*>(embeddings_->data) + static_cast<std::size_t>(token) * embeddings_->nb[1];
  if (embeddings_->type == GGML_TYPE_F32) {
    std::memcpy(row.data(), data, row.size_bytes());
  } else {
    ggml_get_type_traits(embeddings_->type)->to_float(data, row.data(), width);
  }
}

bool TextModel::forgets_parts() const {
  return !llama_model_is_recurrent(model_.get()) && !llama_model_is_hybrid(model_.get());
}

std::string TextModel::piece(llama_token token) const {
  std::string bytes(32, '\0');
  int length = llama_token_to_piece(vocab_, token, bytes.data(), static_cast<int>(bytes.size()), 0, false);
  if (length < 0) {
    bytes.resize(static_cast<std::size_t>(-length));
    length = llama_token_to_piece(vocab_, token, bytes.data(), -length, 0, false);
  }
  bytes.resize(static_cast<std::size_t>(std::max(length, 0)));
  return bytes;
}

}  // namespace plimsoll::engine
