#include "engine/text_context.h"

#include <algorithm>
#include <utility>

#include "engine/token_batch.h"

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
  params.n_ctx = static_cast<std::uint32_t>(rounded_context(size.tokens) * size.sequences);
  params.n_seq_max = static_cast<std::uint32_t>(size.sequences);
  params.n_batch = static_cast<std::uint32_t>(size.batch_tokens);
  params.n_ubatch = params.n_batch;
  // Only the last position of each is sampled from; logits of a whole batch cost megabytes.
  params.n_outputs_max = params.n_seq_max;
  params.n_threads = threads;
  params.n_threads_batch = threads;
  params.swa_full = false;
  params.type_k = params.type_v = ggml_type_of(size.kv_type);
  // ggml computes with quantised values only in its fused attention.
  if (size.kv_type != KvType::f16) params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  params.no_perf = true;
  return params;
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

void TextContext::hold(llama_context* context, ContextSize asked) {
  context_.reset(context);
  size_ = asked;
  size_.tokens = static_cast<int>(llama_n_ctx_seq(context));
  size_.batch_tokens = static_cast<int>(llama_n_batch(context));
  sequences_.clear();
  for (int i = 0; i < asked.sequences; ++i) sequences_.emplace_back(*this, i);
}

Expected<void> TextContext::move(std::span<const int> kept, ContextSize size) {
  std::vector<std::pair<Buffer, int>> saved;
  for (const int index : kept) {
    auto state = sequence(index).save(MemoryHolder::kv);
    if (!state) return tl::unexpected(state.error());
    saved.emplace_back(std::move(*state), sequence(index).position());
  }
  context_.reset();
  auto made = make_context(model_, size, threads_);
  if (!made) return tl::unexpected(made.error());
  hold(made->release(), size);
  for (std::size_t i = 0; i < saved.size(); ++i) {
    auto& [state, position] = saved[i];
    if (auto restored = sequences_[i].restore(state, position); !restored) {
      context_.reset();
      return restored;
    }
    state = {};
  }
  return {};
}

std::span<float> TextContext::logits() const { return logits_of(-1); }

std::span<float> TextContext::logits(std::size_t index) const { return logits_of(rows_[index]); }

std::span<float> TextContext::logits_of(int row) const {
  const auto tokens = llama_vocab_n_tokens(model_.vocabulary());
  return {llama_get_logits_ith(context_.get(), row), static_cast<std::size_t>(tokens)};
}

// llama.cpp runs neighbours at once, and what lies apart one after the other, reading all weights for each.
// A sequence between two of them goes along with a token that is taken back.
Expected<void> TextContext::step(std::span<const Step> steps, const CancelFlagPtr& cancel) {
  const auto [first, last] = std::minmax_element(
      steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.sequence < b.sequence; });
  TokenBatch batch;
  std::vector<int> in_between;
  rows_.assign(steps.size(), 0);
  for (int id = first->sequence; id <= last->sequence; ++id) {
    const auto step =
        std::find_if(steps.begin(), steps.end(), [&](const Step& s) { return s.sequence == id; });
    const int position = sequence(id).position();
    if (step != steps.end()) {
      rows_[static_cast<std::size_t>(step - steps.begin())] = batch.size();
      batch.add(step->token, position, id, true);
    } else if (position < size_.tokens) {
      in_between.push_back(id);
      batch.add(steps.front().token, position, id, false);
    }
  }
  auto done = decode(batch.view(), cancel);
  for (const int id : in_between) sequence(id).cut_off_at(sequence(id).position());
  if (!done) return done;
  for (const Step& each : steps) {
    TextSequence& taking = sequence(each.sequence);
    taking.advance_to(taking.position() + 1);
  }
  return {};
}

Expected<void> TextContext::decode(const llama_batch& batch, const CancelFlagPtr& cancel) {
  const int status = llama_decode(context_.get(), batch);
  if (status != 0 || model_.weights().damaged()) return tl::unexpected(explain(cancel));
  return {};
}

Error TextContext::explain(const CancelFlagPtr& cancel) const {
  Error error = explain_failure(model_.device(), cancel, "the language model");
  return model_.weights().damaged() ? model_.weights().damage_error() : error;
}

}  // namespace plimsoll::engine
