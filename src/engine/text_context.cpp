#include "engine/text_context.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace plimsoll::engine {

namespace {

ggml_type ggml_type_of(KvType type) {
  switch (type) {
    case KvType::f16:
      return GGML_TYPE_F16;
    case KvType::q8_0:
      return GGML_TYPE_Q8_0;
    case KvType::q4_0:
      return GGML_TYPE_Q4_0;
  }
  return GGML_TYPE_F16;
}

}  // namespace

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
  params.type_k = params.type_v = ggml_type_of(size.kv_type);
  // ggml computes with quantised values only in its fused attention.
  if (size.kv_type != KvType::f16) params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
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
  return std::unique_ptr<TextContext>(new TextContext(context, model, device, size));
}

void TextContext::clear() {
  llama_memory_clear(llama_get_memory(context_.get()), false);
  position_ = 0;
}

Expected<void> TextContext::decode(const llama_batch& batch, const CancelFlagPtr& cancel) {
  const int status = llama_decode(context_.get(), batch);
  if (status != 0 || model_.weights().damaged()) return tl::unexpected(explain(cancel));
  position_ += batch.n_tokens;
  return {};
}

Error TextContext::explain(const CancelFlagPtr& cancel) const {
  if (model_.weights().damaged()) return model_.weights().damage_error();
  return explain_failure(device_, cancel, "the language model");
}

Expected<void> TextContext::append(std::span<const llama_token> tokens, const CancelFlagPtr& cancel) {
  std::vector<llama_token> batch_tokens;
  std::vector<llama_pos> positions;
  while (!tokens.empty()) {
    const auto count = std::min(tokens.size(), static_cast<std::size_t>(size_.batch_tokens));
    batch_tokens.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count));
    positions.resize(count);
    std::iota(positions.begin(), positions.end(), position_);

    llama_batch batch{};
    batch.n_tokens = static_cast<int>(count);
    batch.token = batch_tokens.data();
    batch.pos = positions.data();
    if (auto done = decode(batch, cancel); !done) return done;
    tokens = tokens.subspan(count);
  }
  return {};
}

Expected<void> TextContext::append_embeddings(std::span<const float> rows, const CancelFlagPtr& cancel) {
  const auto width = static_cast<std::size_t>(embedding_width());
  std::vector<float> batch_rows;
  std::vector<llama_pos> positions;
  while (!rows.empty()) {
    const auto count = std::min(rows.size() / width, static_cast<std::size_t>(size_.batch_tokens));
    batch_rows.assign(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count * width));
    positions.resize(count);
    std::iota(positions.begin(), positions.end(), position_);

    llama_batch batch{};
    batch.n_tokens = static_cast<int>(count);
    batch.embd = batch_rows.data();
    batch.pos = positions.data();
    if (auto done = decode(batch, cancel); !done) return done;
    rows = rows.subspan(count * width);
  }
  return {};
}

}  // namespace plimsoll::engine
