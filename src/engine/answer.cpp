// How a question goes through a loaded model.
#include <algorithm>
#include <utility>

#include "engine/chat_template.h"
#include "engine/draft.h"
#include "engine/engine.h"
#include "engine/sampler.h"

namespace plimsoll::engine {

namespace {

double ms_since(Engine::Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Engine::Clock::now() - start).count();
}

std::size_t picture_count(const GenerationRequest& request) {
  std::size_t count = 0;
  for (const Turn& turn : request.turns) count += turn.images.size();
  return count;
}

// Models begin their answer with a space; people don't.
std::string_view without_leading_space(std::string_view piece, bool first) {
  if (!first) return piece;
  const auto start = piece.find_first_not_of(" \t\n");
  return start == std::string_view::npos ? std::string_view() : piece.substr(start);
}

bool is_refusal(const Error& error) {
  return error.code == ErrorCode::over_budget || error.code == ErrorCode::out_of_memory;
}

}  // namespace

Expected<std::vector<Image>> Engine::decode_images(const Question& question) {
  const int edge = vision_->longest_edge(), image_size = question.configuration.image_size;
  const int longest_side = edge > 0 ? std::min(edge, image_size) : image_size;
  std::vector<Image> images;
  for (const Turn& turn : question.request.turns) {
    for (const ImageSource& source : turn.images) {
      auto image = decode_image(source, longest_side, *pool_, question.cancel->raw());
      if (!image) return tl::unexpected(image.error());
      images.push_back(std::move(*image));
    }
  }
  return images;
}

Expected<std::string> Engine::render(const GenerationRequest& request) const {
  const std::string_view marker = vision_ ? vision_->marker() : std::string_view();
  std::vector<ChatMessage> messages;
  std::string system = request.system_prompt.value_or(files_.system_prompt.value_or(
      std::string(picture_count(request) > 0 ? kDefaultImageSystemPrompt : std::string_view())));
  if (!system.empty()) messages.push_back({"system", std::move(system)});
  for (const Turn& turn : request.turns) {
    std::string content;
    for (std::size_t i = 0; i < turn.images.size(); ++i) content += marker;
    messages.push_back({"user", content + turn.prompt});
    if (!turn.answer.empty()) messages.push_back({"assistant", turn.answer});
  }
  for (const Turn& turn : request.turns) {
    if (!marker.empty() && turn.prompt.find(marker) != std::string::npos) {
      return fail(ErrorCode::invalid_argument, "the question contains \"" + std::string(marker) +
                                                   "\", which stands for a picture here; leave it out");
    }
  }
  return apply_chat_template(text_->get(), messages);
}

// The context is as large as this question needs, not as large as the model could be asked for. What was
// streamed in for the question before makes room for it, and comes back into what is left.
Expected<void> Engine::make_room(int max_tokens, int widest_batch, GenerationResult& result) {
  const int longest = info_.context_length;
  if (result.prompt_tokens >= longest) {
    return fail(ErrorCode::invalid_argument,
                "the prompt takes " + std::to_string(result.prompt_tokens) + " tokens (" +
                    std::to_string(result.image.tokens) + " of them pictures) and the model's context has " +
                    std::to_string(longest) + "; shorten it or use fewer pictures");
  }
  const int tokens =
      static_cast<int>(std::min<long>(longest, static_cast<long>(result.prompt_tokens) + max_tokens));
  const int batch = std::max(widest_batch, std::min(settings_.batch_tokens, tokens));
  if (context_ && context_->size().tokens >= tokens && context_->size().batch_tokens >= batch) {
    context_->clear();
  } else {
    context_.reset();
    if (text_->weights().streamed()) text_->weights().drop_layers();
    if (auto made = make_context(tokens, widest_batch, result); !made) return made;
  }
  return settle_text_weights();
}

// A conversation that is longer than the plan foresaw may still fit in a smaller way.
Expected<void> Engine::make_context(int tokens, int widest_batch, GenerationResult& result) {
  struct Way {
    int batch_tokens;
    KvType kv_type;
    std::optional<Concession> concession;
  };
  const int small = std::min(settings_.batch_tokens, kSmallestBatch);
  const Way ways[] = {{settings_.batch_tokens, settings_.kv_type, {}},
                      {small, settings_.kv_type, Concession::smaller_batch},
                      {small, KvType::q8_0, Concession::kv_q8_0},
                      {small, KvType::q4_0, Concession::kv_q4_0}};
  Expected<std::unique_ptr<TextContext>> context = nullptr;
  for (const Way& way : ways) {
    if (way.kv_type < settings_.kv_type) continue;
    const int batch = std::max(widest_batch, std::min(way.batch_tokens, tokens));
    auto smaller = TextContext::create(*text_, {tokens, batch, way.kv_type}, threads_);
    // The first refusal says what the question needs as it was asked.
    if (smaller || !context || !way.concession) context = std::move(smaller);
    if (context && *context) {
      if (way.concession) result.concessions.push_back(*way.concession);
      context_ = std::move(*context);
      return {};
    }
    if (!is_refusal(context.error())) break;
  }
  return tl::unexpected(context.error());
}

Expected<void> Engine::run_text(const Question& question, GenerationResult& result) {
  auto text = render(question.request);
  if (!text) return tl::unexpected(text.error());
  const auto tokens = text_->tokenize(*text);
  result.prompt_tokens = static_cast<int>(tokens.size());
  phase_ = Phase::preparing;
  if (auto room = make_room(question.max_tokens(), 0, result); !room) return room;
  const auto start = Clock::now();
  auto done = context_->append(tokens, question.cancel);
  result.timing.prefill_ms = ms_since(start);
  return done;
}

// With the encoder on demand, what the answer will need is not there while the encoder is.
Expected<void> Engine::bring_vision_in(const CancelFlagPtr& cancel, GenerationResult& result) {
  if (vision_) return {};
  context_.reset();
  if (text_->weights().streamed()) text_->weights().drop_layers();
  const auto start = Clock::now();
  auto loaded = load_vision({}, cancel);
  result.timing.load_ms += ms_since(start);
  return loaded;
}

Expected<std::unique_ptr<LaidOutPrompt>> Engine::look(const Question& question, GenerationResult& result) {
  if (auto there = bring_vision_in(question.cancel, result); !there) return tl::unexpected(there.error());
  auto text = render(question.request);
  if (!text) return tl::unexpected(text.error());
  const auto decode_start = Clock::now();
  auto images = decode_images(question);
  if (!images) return tl::unexpected(images.error());
  result.timing.image_decode_ms = ms_since(decode_start);
  auto prompt = vision_->lay_out(*text, *images);
  if (!prompt) return prompt;
  images->clear();
  result.prompt_tokens = (*prompt)->tokens();
  result.image = {(*prompt)->image_tiles(), (*prompt)->image_tokens()};

  const auto encode_start = Clock::now();
  auto encoded = vision_->encode(**prompt, question.cancel, question.between_steps);
  result.timing.image_encode_ms = ms_since(encode_start);
  if (!encoded) return tl::unexpected(encoded.error());
  return prompt;
}

Expected<void> Engine::run_pictures(const Question& question, GenerationResult& result) {
  const bool on_demand = settings_.vision == VisionResidency::on_demand;
  phase_ = Phase::looking;
  auto prompt = look(question, result);
  phase_ = Phase::preparing;
  if (on_demand && vision_ && (!prompt || vision_->can_leave())) vision_.reset();
  if (!prompt) return tl::unexpected(prompt.error());

  if (auto room = make_room(question.max_tokens(), (*prompt)->widest_batch(), result); !room) return room;
  const auto start = Clock::now();
  auto done = (*prompt)->prefill(*context_, question.cancel);
  result.timing.prefill_ms = ms_since(start);
  prompt->reset();
  if (on_demand) vision_.reset();
  return done;
}

Expected<void> Engine::write_answer(const Question& question, const PieceSink& sink,
                                    GenerationResult& result) {
  const GenerationRequest& request = question.request;
  Sampler sampler({.temperature = request.temperature.value_or(question.configuration.temperature),
                   .top_p = request.top_p.value_or(question.configuration.top_p),
                   .seed = request.seed.value_or(LLAMA_DEFAULT_SEED)});
  phase_ = Phase::answering;
  shortened_ = false;
  result.finish_reason = FinishReason::length;
  Expected<void> done;
  Clock::time_point first_token;
  const auto may_go_on = [&] {
    return result.timing.tokens < question.max_tokens() && context_ &&
           context_->position() < context_->size().tokens;
  };
  for (llama_token token = 0; done && may_go_on(); done = context_->append({&token, 1}, question.cancel)) {
    token = sampler.sample(context_->get());
    if (result.timing.tokens++ == 0) {
      first_token = Clock::now();
      result.timing.time_to_first_token_ms = ms_since(question.started);
    }
    if (text_->ends_answer(token)) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    const std::string bytes = text_->piece(token);
    const std::string_view piece = without_leading_space(bytes, result.answer.empty());
    result.answer += piece;
    if (!piece.empty()) sink(piece);
    // The token is picked: what it was picked from may go.
    if (question.between_steps) question.between_steps();
    if (!may_go_on()) break;
  }
  const bool cut = shortened_ && result.finish_reason == FinishReason::length;
  if (cut && result.timing.tokens < question.max_tokens()) result.finish_reason = FinishReason::memory;
  const double decode_ms = result.timing.tokens > 1 ? ms_since(first_token) : 0;
  if (decode_ms > 0) result.timing.tokens_per_second = (result.timing.tokens - 1) * 1000.0 / decode_ms;
  return done;
}

Expected<GenerationResult> Engine::generate(const Question& question, const PieceSink& sink) {
  const GenerationRequest& request = question.request;
  if (request.turns.empty()) return fail(ErrorCode::invalid_argument, "there is no question to answer");
  const bool pictures = picture_count(request) > 0;
  if (!sees() && pictures) {
    return fail(
        ErrorCode::invalid_argument,
        info_.name + " has no vision encoder, so it can not look at pictures; give its mmproj file too");
  }
  text_device_.listen_to(question.cancel);
  vision_device_.listen_to(question.cancel);
  GenerationResult result;
  auto done = pictures ? run_pictures(question, result) : run_text(question, result);
  if (done) done = write_answer(question, sink, result);
  phase_ = Phase::idle;
  if (done) return result;
  context_.reset();  // what a stopped graph left in it is of no use
  if (done.error().code != ErrorCode::cancelled) return tl::unexpected(done.error());
  result.finish_reason = FinishReason::cancelled;
  return result;
}

}  // namespace plimsoll::engine
