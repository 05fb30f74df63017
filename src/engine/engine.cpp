#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/chat_template.h"
#include "engine/model_files.h"
#include "engine/mtmd_encoder.h"
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

}  // namespace

Engine::Engine(const ModelFiles& files, std::shared_ptr<MemoryPool> pool, const EngineSettings& settings,
               int threads)
    : pool_(std::move(pool)),
      files_(files),
      settings_(settings),
      threads_(threads),
      text_device_(pool_, {MemoryHolder::weights_text, MemoryHolder::compute_text}, threads, settings.repack),
      vision_device_(pool_, {MemoryHolder::weights_vision, MemoryHolder::compute_vision}, threads, false) {
  info_.name = files.name;
}

Engine::~Engine() = default;

Expected<std::unique_ptr<Engine>> Engine::load(const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                               const EngineSettings& settings, int threads,
                                               const Progress& progress, const CancelFlagPtr& cancel) {
  auto text_file = read_model_file(files.text);
  if (!text_file) return tl::unexpected(text_file.error());
  std::uint64_t vision_bytes = 0;
  std::unique_ptr<Engine> engine(new Engine(files, std::move(pool), settings, threads));
  engine->info_.parameters = text_file->parameters;
  if (engine->sees()) {
    auto vision_file = read_model_file(files.vision);
    if (!vision_file) return tl::unexpected(vision_file.error());
    if (settings.vision == VisionResidency::resident) vision_bytes = vision_file->tensor_bytes;
    engine->info_.parameters += vision_file->parameters;
  }
  const auto total = static_cast<float>(std::max<std::uint64_t>(text_file->tensor_bytes + vision_bytes, 1));
  const float text_share = static_cast<float>(text_file->tensor_bytes) / total;
  const auto report = [&](float share) {
    if (progress) progress(share);
  };

  auto text = TextModel::load(
      files.text, engine->text_device_, settings.streamed_text_resident_bytes.has_value(),
      [&](float share) { report(share * text_share); }, cancel);
  if (!text) return tl::unexpected(text.error());
  engine->text_ = std::move(*text);
  engine->info_.context_length = engine->text_->context_length();
  engine->mapped_ = engine->pool_->note_mapped(engine->text_->weights().mapped_bytes());

  if (engine->sees() && settings.vision == VisionResidency::resident) {
    auto loaded =
        engine->load_vision([&](float share) { report(text_share + share * (1 - text_share)); }, cancel);
    if (!loaded) return tl::unexpected(loaded.error());
  }
  return engine;
}

Expected<void> Engine::load_vision(const Progress& progress, const CancelFlagPtr& cancel) {
  auto vision = load_mtmd_encoder(files_.vision, *text_, *pool_, vision_device_, threads_, progress, cancel);
  if (!vision) return tl::unexpected(vision.error());
  vision_ = std::move(*vision);
  return {};
}

// As many layers stay as the plan and the line allow; what a picture needed is gone by now.
Expected<void> Engine::settle_text_weights() {
  TextWeights& weights = text_->weights();
  if (!weights.streamed() || weights.settled()) return {};
  const MemoryLedger ledger = pool_->ledger();
  std::size_t room = *settings_.streamed_text_resident_bytes;
  if (ledger.memory_limit_bytes) {
    const std::size_t free =
        *ledger.memory_limit_bytes - std::min(*ledger.memory_limit_bytes, ledger.active_bytes);
    room = std::min(room, free >= weights.layer_bytes() ? free : free - std::min(free, weights.slot_bytes()));
  }
  return weights.keep_layers(room);
}

Expected<std::vector<Image>> Engine::decode_images(const GenerationRequest& request, int image_size,
                                                   const CancelFlagPtr& cancel) {
  const int edge = vision_->longest_edge();
  const int longest_side = edge > 0 ? std::min(edge, image_size) : image_size;
  std::vector<Image> images;
  for (const Turn& turn : request.turns) {
    for (const ImageSource& source : turn.images) {
      auto image = decode_image(source, longest_side, *pool_, cancel->raw());
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

// The context is as large as this question needs, not as large as the model could be asked for.
Expected<void> Engine::make_room(int prompt_tokens, int image_tokens, int max_tokens, int widest_batch) {
  const int longest = info_.context_length;
  if (prompt_tokens >= longest) {
    return fail(ErrorCode::invalid_argument,
                "the prompt takes " + std::to_string(prompt_tokens) + " tokens (" +
                    std::to_string(image_tokens) + " of them pictures) and the model's context has " +
                    std::to_string(longest) + "; shorten it or use fewer pictures");
  }
  const int tokens = static_cast<int>(std::min<long>(longest, static_cast<long>(prompt_tokens) + max_tokens));
  const int batch = std::max(widest_batch, std::min(settings_.batch_tokens, tokens));
  if (context_ && context_->size().tokens >= tokens && context_->size().batch_tokens >= batch) {
    context_->clear();
  } else {
    context_.reset();
    auto context = TextContext::create(*text_, text_device_, {tokens, batch, settings_.kv_type}, threads_);
    if (!context) return tl::unexpected(context.error());
    context_ = std::move(*context);
  }
  return settle_text_weights();
}

Expected<void> Engine::run_text(const GenerationRequest& request, int max_tokens, const CancelFlagPtr& cancel,
                                GenerationResult& result) {
  auto text = render(request);
  if (!text) return tl::unexpected(text.error());
  const auto tokens = text_->tokenize(*text);
  result.prompt_tokens = static_cast<int>(tokens.size());
  if (auto room = make_room(result.prompt_tokens, 0, max_tokens, 0); !room) return room;
  const auto start = Clock::now();
  auto done = context_->append(tokens, cancel);
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

Expected<std::unique_ptr<LaidOutPrompt>> Engine::look(const GenerationRequest& request, int image_size,
                                                      const CancelFlagPtr& cancel, GenerationResult& result) {
  if (auto there = bring_vision_in(cancel, result); !there) return tl::unexpected(there.error());
  auto text = render(request);
  if (!text) return tl::unexpected(text.error());
  const auto decode_start = Clock::now();
  auto images = decode_images(request, image_size, cancel);
  if (!images) return tl::unexpected(images.error());
  result.timing.image_decode_ms = ms_since(decode_start);
  auto prompt = vision_->lay_out(*text, *images);
  if (!prompt) return prompt;
  images->clear();
  result.prompt_tokens = (*prompt)->tokens();
  result.image = {(*prompt)->image_tiles(), (*prompt)->image_tokens()};

  const auto encode_start = Clock::now();
  auto encoded = vision_->encode(**prompt, cancel);
  result.timing.image_encode_ms = ms_since(encode_start);
  if (!encoded) return tl::unexpected(encoded.error());
  return prompt;
}

Expected<void> Engine::run_pictures(const GenerationRequest& request, int image_size, int max_tokens,
                                    const CancelFlagPtr& cancel, GenerationResult& result) {
  const bool on_demand = settings_.vision == VisionResidency::on_demand;
  auto prompt = look(request, image_size, cancel, result);
  if (on_demand && vision_ && (!prompt || vision_->can_leave())) vision_.reset();
  if (!prompt) return tl::unexpected(prompt.error());

  if (auto room = make_room(result.prompt_tokens, result.image.tokens, max_tokens, (*prompt)->widest_batch());
      !room) {
    return room;
  }
  const auto start = Clock::now();
  auto done = (*prompt)->prefill(*context_, cancel);
  result.timing.prefill_ms = ms_since(start);
  prompt->reset();
  if (on_demand) vision_.reset();
  return done;
}

Expected<void> Engine::run_prompt(const GenerationRequest& request, const MemoryConfiguration& configuration,
                                  const CancelFlagPtr& cancel, GenerationResult& result) {
  const int max_tokens = request.max_tokens.value_or(configuration.max_tokens);
  return picture_count(request) > 0
             ? run_pictures(request, configuration.image_size, max_tokens, cancel, result)
             : run_text(request, max_tokens, cancel, result);
}

Expected<void> Engine::write_answer(const GenerationRequest& request,
                                    const MemoryConfiguration& configuration, const CancelFlagPtr& cancel,
                                    Clock::time_point started, const PieceSink& sink,
                                    GenerationResult& result) {
  Sampler sampler({.temperature = request.temperature.value_or(configuration.temperature),
                   .top_p = request.top_p.value_or(configuration.top_p),
                   .seed = request.seed.value_or(LLAMA_DEFAULT_SEED)});
  const int room = context_->size().tokens - result.prompt_tokens;
  const int max_tokens = std::min(request.max_tokens.value_or(configuration.max_tokens), room);
  result.finish_reason = FinishReason::length;
  Expected<void> done;
  Clock::time_point first_token;
  while (done && result.timing.tokens < max_tokens) {
    const llama_token token = sampler.sample(context_->get());
    if (result.timing.tokens++ == 0) {
      first_token = Clock::now();
      result.timing.time_to_first_token_ms = ms_since(started);
    }
    if (text_->ends_answer(token)) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    const std::string bytes = text_->piece(token);
    const std::string_view piece = without_leading_space(bytes, result.answer.empty());
    result.answer += piece;
    if (!piece.empty()) sink(piece);
    if (result.timing.tokens < max_tokens) done = context_->append({&token, 1}, cancel);
  }
  const double decode_ms = result.timing.tokens > 1 ? ms_since(first_token) : 0;
  if (decode_ms > 0) result.timing.tokens_per_second = (result.timing.tokens - 1) * 1000.0 / decode_ms;
  return done;
}

Expected<GenerationResult> Engine::generate(const GenerationRequest& request,
                                            const MemoryConfiguration& configuration,
                                            const CancelFlagPtr& cancel, Clock::time_point started,
                                            const PieceSink& sink) {
  if (request.turns.empty()) return fail(ErrorCode::invalid_argument, "there is no question to answer");
  if (!sees() && picture_count(request) > 0) {
    return fail(
        ErrorCode::invalid_argument,
        info_.name + " has no vision encoder, so it can not look at pictures; give its mmproj file too");
  }
  text_device_.listen_to(cancel);
  vision_device_.listen_to(cancel);
  GenerationResult result;
  auto done = run_prompt(request, configuration, cancel, result);
  if (done) done = write_answer(request, configuration, cancel, started, sink, result);
  if (done) return result;
  context_.reset();  // what a stopped graph left in it is of no use
  if (done.error().code != ErrorCode::cancelled) return tl::unexpected(done.error());
  result.finish_reason = FinishReason::cancelled;
  return result;
}

}  // namespace plimsoll::engine
