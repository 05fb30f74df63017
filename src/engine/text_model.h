// A language model's weights and vocabulary on the governed device. Belongs to one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text_weights.h"
#include "llama.h"

namespace plimsoll::engine {

class TextModel {
 public:
  /// Charges the file's tensors to the device's weights. `streamed`: keeps no layer yet, see TextWeights.
  /// Stops at the next few megabytes when cancelled.
  /// Fails with `over_budget`, `out_of_memory`, `cancelled`, `io` or `engine`.
  static Expected<std::unique_ptr<TextModel>> load(const std::filesystem::path& path, GovernedDevice& device,
                                                   bool streamed, const Progress& progress,
                                                   const CancelFlagPtr& cancel);

  llama_model* get() const { return model_.get(); }
  TextWeights& weights() const { return *weights_; }
  int context_length() const { return llama_model_n_ctx_train(model_.get()); }

  /// Special tokens in `text` ("<|im_start|>") become themselves.
  std::vector<llama_token> tokenize(std::string_view text) const;
  /// The bytes of one token; may be part of a UTF-8 sequence. Special tokens have none.
  std::string piece(llama_token token) const;
  bool ends_answer(llama_token token) const { return llama_vocab_is_eog(vocab_, token); }

 private:
  struct Free {
    void operator()(llama_model* model) const { llama_model_free(model); }
  };
  explicit TextModel(llama_model* model) : model_(model) {}

  std::unique_ptr<llama_model, Free> model_;
  std::unique_ptr<TextWeights> weights_;
  const llama_vocab* vocab_ = nullptr;
};

/// The error to report when llama.cpp or mtmd failed: the device's refusal if there was one, `cancelled` if
/// that was asked for, otherwise `engine` with what the library complained about.
Error explain_failure(GovernedDevice& device, const CancelFlagPtr& cancel, const std::string& what);

}  // namespace plimsoll::engine
