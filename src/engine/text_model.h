// A language model's weights and vocabulary on the governed device. Belongs to one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/text_weights.h"
#include "llama.h"

namespace plimsoll::engine {

class TextModel {
 public:
  /// Reads vocabulary and shape. Blocking, a tenth of a second, half of it without looking at `cancel`; no
  /// weights come in. Fails with `over_budget`, `out_of_memory`, `io`, `invalid_argument`, `cancelled` or
  /// `engine`. REQUIRES: `device` outlives it.
  static Expected<std::unique_ptr<TextModel>> open(
      const std::filesystem::path& path, GovernedDevice& device,
      const CancelFlagPtr& cancel = std::make_shared<CancelFlag>());

  /// What the weights would take. REQUIRES: not filled. Fails with `io` or `invalid_argument`.
  Expected<std::unique_ptr<TextWeights>> sketch_weights(WeightLayout layout) const;

  /// Brings the weights in. Blocking; stops at the next few megabytes when cancelled.
  /// Fails with `over_budget`, `out_of_memory`, `cancelled`, `io` or `invalid_argument`; then it is not
  /// filled.
  Expected<void> fill(WeightLayout layout, const Progress& progress, const CancelFlagPtr& cancel);
  /// Gives the weights back. REQUIRES: no context of the model is there.
  void empty();

  llama_model* get() const { return model_.get(); }
  const llama_vocab* vocabulary() const { return vocab_; }
  /// REQUIRES: filled.
  TextWeights& weights() const { return *weights_; }
  GovernedDevice& device() const { return device_; }
  std::uint64_t parameters() const { return llama_model_n_params(model_.get()); }
  int context_length() const { return llama_model_n_ctx_train(model_.get()); }
  int embedding_width() const { return llama_model_n_embd_inp(model_.get()); }

  /// Special tokens in `text` ("<|im_start|>") become themselves. `first`: a prompt begins here, with what
  /// the model wants there.
  std::vector<llama_token> tokenize(std::string_view text, bool first) const;
  /// Whether embed() does all that the model does to a token before its first layer.
  bool embeds_tokens() const { return embeddings_ != nullptr; }
  /// Writes a token's embedding. REQUIRES: filled, embeds_tokens().
  void embed(llama_token token, std::span<float> row) const;

  /// Whether a context of it can forget the end of what it read.
  bool forgets_parts() const;

  /// The bytes of one token; may be part of a UTF-8 sequence. Special tokens have none.
  std::string piece(llama_token token) const;
  bool ends_answer(llama_token token) const { return llama_vocab_is_eog(vocab_, token); }

 private:
  struct Free {
    void operator()(llama_model* model) const { llama_model_free(model); }
  };
  TextModel(llama_model* model, GovernedDevice& device, std::shared_ptr<WeightFile> file);

  GovernedDevice& device_;
  std::shared_ptr<WeightFile> file_;
  std::unique_ptr<llama_model, Free> model_;
  const llama_vocab* vocab_;
  const ggml_tensor* embeddings_ = nullptr;
  std::vector<std::pair<ggml_tensor*, ggml_backend_buffer_t>> unfilled_;  // where weights lie without data
  std::unique_ptr<TextWeights> weights_;
};

/// The error to report when llama.cpp or mtmd failed: the device's refusal if there was one, `cancelled` if
/// that was asked for, otherwise `engine` with what the library complained about.
Error explain_failure(GovernedDevice& device, const CancelFlagPtr& cancel, const std::string& what);

}  // namespace plimsoll::engine
