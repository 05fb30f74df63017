#include "engine/text_context.h"

#include <algorithm>
#include <vector>

namespace plimsoll::engine {

Expected<std::unique_ptr<TextContext>> TextContext::create(TextModel& model, GovernedDevice& device,
                                                           ContextSize size, int threads) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(size.tokens);
  params.n_batch = static_cast<std::uint32_t>(size.batch_tokens);
  params.n_ubatch = params.n_batch;
  params.n_outputs_max = 1;  // only the last position is sampled from; logits of a whole batch cost megabytes
  params.n_threads = threads;
  params.n_threads_batch = threads;
  params.swa_full = false;
  params.no_perf = true;

  llama_context* context = llama_init_from_model(model.get(), params);
  // A refused compute buffer may leave a context that looks whole: the refusal decides.
  if (auto refusal = device.take_refusal()) {
    llama_free(context);
    return tl::unexpected(*refusal);
  }
  if (context == nullptr) {
    return tl::unexpected(
        explain_failure(device, std::make_shared<CancelFlag>(), "making room for the conversation"));
  }
  size.tokens = static_cast<int>(llama_n_ctx(context));
  size.batch_tokens = static_cast<int>(llama_n_batch(context));
  return std::unique_ptr<TextContext>(new TextContext(context, device, size));
}

void TextContext::clear() {
  llama_memory_clear(llama_get_memory(context_.get()), false);
  position_ = 0;
}

Expected<void> TextContext::append(std::span<const llama_token> tokens, const CancelFlagPtr& cancel) {
  std::vector<llama_token> batch_tokens;
  std::vector<llama_pos> positions;
  while (!tokens.empty()) {
    const auto count = std::min(tokens.size(), static_cast<std::size_t>(size_.batch_tokens));
    batch_tokens.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count));
    positions.resize(count);
    for (std::size_t i = 0; i < count; ++i) positions[i] = position_ + static_cast<int>(i);

    llama_batch batch{};
    batch.n_tokens = static_cast<int>(count);
    batch.token = batch_tokens.data();
    batch.pos = positions.data();
    if (llama_decode(context_.get(), batch) != 0) {
      return tl::unexpected(explain_failure(device_, cancel, "the language model"));
    }
    position_ += static_cast<int>(count);
    tokens = tokens.subspan(count);
  }
  return {};
}

}  // namespace plimsoll::engine
