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

llama_context_params parameters(const ContextSize& size, int threads) {
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
  return params;
}

constexpr llama_seq_id kSequence = 0;  // a context has one

Error moved_badly() {
  return {ErrorCode::engine, "the conversation could not be moved into another context"};
}

struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};
using LlamaContext = std::unique_ptr<llama_context, FreeContext>;

Expected<LlamaContext> make_context(TextModel& model, const ContextSize& size, int threads) {
  model.device().begin_scratch();
  LlamaContext context(llama_init_from_model(model.get(), parameters(size, threads)));
  // A refused compute buffer may leave a context that looks whole: the refusal decides.
  if (auto refusal = model.device().take_refusal()) return tl::unexpected(*refusal);
  if (!context) {
    return tl::unexpected(
        explain_failure(model.device(), std::make_shared<CancelFlag>(), "making room for the conversation"));
  }
  return context;
}

}  // namespace

Expected<std::unique_ptr<TextContext>> TextContext::create(TextModel& model, ContextSize size, int threads) {
  auto context = make_context(model, size, threads);
  if (!context) return tl::unexpected(context.error());
  size.tokens = static_cast<int>(llama_n_ctx(context->get()));
  size.batch_tokens = static_cast<int>(llama_n_batch(context->get()));
  return std::unique_ptr<TextContext>(new TextContext(context->release(), model, size, threads));
}

Expected<ContextBytes> TextContext::bytes_for(TextModel& model, ContextSize size, int threads) {
  const std::size_t before = model.device().compute_bytes();
  const bool simulated = simulate(*model.get(), true);
  auto context = make_context(model, size, threads);
  Expected<ContextBytes> bytes = ContextBytes{};
  if (context) {
    bytes = bytes_of(**context);
    bytes->compute += model.device().compute_bytes() - before;  // buffers for results are made even so
    bytes->compute += model.device().scratch_bytes();
    context->reset();
  } else {
    bytes = tl::unexpected(context.error());
  }
  simulate(*model.get(), simulated);
  return bytes;
}

std::span<float> TextContext::logits() const {
  const auto tokens = llama_vocab_n_tokens(model_.vocabulary());
  return {llama_get_logits_ith(context_.get(), -1), static_cast<std::size_t>(tokens)};
}

void TextContext::clear() {
  llama_memory_clear(llama_get_memory(context_.get()), false);
  position_ = 0;
}

int TextContext::spare_tokens(int rest) const { return std::max(0, size_.tokens - position_ - rest); }

bool TextContext::cut_off_at(int position) {
  if (!llama_memory_seq_rm(llama_get_memory(context_.get()), kSequence, position, -1)) return false;
  position_ = position;
  return true;
}

std::size_t TextContext::saved_bytes() const { return llama_state_seq_get_size(context_.get(), kSequence); }

Expected<Buffer> TextContext::save(MemoryHolder holder) const {
  const std::size_t bytes = saved_bytes();
  auto saved = model_.device().pool().allocate(holder, bytes);
  if (!saved) return saved;
  auto* data = reinterpret_cast<std::uint8_t*>(saved->data());
  if (llama_state_seq_get_data(context_.get(), data, bytes, kSequence) != bytes) {
    return tl::unexpected(moved_badly());
  }
  return saved;
}

Expected<void> TextContext::restore(const Buffer& saved, int position) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(saved.data());
  if (llama_state_seq_set_data(context_.get(), data, saved.size(), kSequence) == 0) {
    clear();
    return tl::unexpected(moved_badly());
  }
  position_ = position;
  return {};
}

Expected<void> TextContext::shrink(int rest) {
  const auto saved = save(MemoryHolder::kv);
  if (!saved) return tl::unexpected(saved.error());
  context_.reset();
  auto smaller = create(model_, {position_ + rest, size_.batch_tokens, size_.kv_type}, threads_);
  if (!smaller) return tl::unexpected(smaller.error());
  if (auto restored = (*smaller)->restore(*saved, position_); !restored) return restored;
  context_ = std::move((*smaller)->context_);
  size_ = (*smaller)->size_;
  return {};
}

Expected<void> TextContext::decode(const llama_batch& batch, const CancelFlagPtr& cancel) {
  const int status = llama_decode(context_.get(), batch);
  if (status != 0 || model_.weights().damaged()) return tl::unexpected(explain(cancel));
  position_ += batch.n_tokens;
  return {};
}

Error TextContext::explain(const CancelFlagPtr& cancel) const {
  Error error = explain_failure(model_.device(), cancel, "the language model");
  return model_.weights().damaged() ? model_.weights().damage_error() : error;
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
