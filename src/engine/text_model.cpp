#include "engine/text_model.h"

#include <array>

#include "engine/engine_log.h"

namespace plimsoll::engine {

Error explain_failure(GovernedDevice& device, const CancelFlagPtr& cancel, const std::string& what) {
  const std::string complaint = take_engine_complaint();
  if (auto refusal = device.take_refusal()) return *refusal;
  if (cancel->cancelled()) return {ErrorCode::cancelled, what + " was cancelled"};
  return {ErrorCode::engine, what + " failed" + (complaint.empty() ? "" : ": " + complaint)};
}

Expected<std::unique_ptr<TextModel>> TextModel::load(const std::filesystem::path& path,
                                                     GovernedDevice& device, bool streamed,
                                                     const Progress& progress, const CancelFlagPtr& cancel) {
  capture_engine_log();
  std::array<ggml_backend_dev_t, 2> devices = {device.handle(), nullptr};
  llama_model_params params = llama_model_default_params();
  params.devices = devices.data();
  params.n_gpu_layers = -1;  // all
  params.load_mode = LLAMA_LOAD_MODE_NONE;
  params.no_alloc = true;  // the weights are ours to place

  const GovernedDevice::LoadingWeights scope(device);
  std::unique_ptr<TextModel> model(new TextModel(llama_model_load_from_file(path.c_str(), params)));
  if (!model->model_) {
    return tl::unexpected(explain_failure(device, cancel, "loading " + path.filename().string()));
  }
  model->vocab_ = llama_model_get_vocab(model->get());
  auto weights = TextWeights::fill(*model->get(), device, path, streamed, progress, cancel);
  if (!weights) return tl::unexpected(weights.error());
  model->weights_ = std::move(*weights);
  return model;
}

std::vector<llama_token> TextModel::tokenize(std::string_view text) const {
  const auto length = static_cast<int>(text.size());
  std::vector<llama_token> tokens(text.size() + 2);
  int count =
      llama_tokenize(vocab_, text.data(), length, tokens.data(), static_cast<int>(tokens.size()), true, true);
  if (count < 0) {
    tokens.resize(static_cast<std::size_t>(-count));
    count = llama_tokenize(vocab_, text.data(), length, tokens.data(), -count, true, true);
  }
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  return tokens;
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
