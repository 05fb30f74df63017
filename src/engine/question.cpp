// How a prompt goes through the model: what earlier questions left behind first, then pictures, each decoded,
// encoded and let go before the next, then the context and what is new.
#include <algorithm>
#include <utility>

#include "engine/draft.h"
#include "engine/engine.h"

namespace plimsoll::engine {

namespace {

double ms_since(Engine::Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Engine::Clock::now() - start).count();
}

bool is_refusal(const Error& error) {
  return error.code == ErrorCode::over_budget || error.code == ErrorCode::out_of_memory;
}

// "Looking at picture 1 of 2, tile 3 of 5".
std::string looking_text(const std::vector<AskedPicture>& pictures, std::size_t index, int tiles_done,
                         int tiles) {
  std::string text = "Looking at the picture";
  if (pictures.size() > 1) {
    text = std::string("Looking at ") + (pictures[index].video ? "frame " : "picture ") +
           std::to_string(index + 1) + " of " + std::to_string(pictures.size());
  }
  const int tile = std::min(tiles_done + 1, tiles);
  return tiles > 1 ? text + ", tile " + std::to_string(tile) + " of " + std::to_string(tiles) : text;
}

Error too_long_error(const GenerationResult& result, int longest) {
  return {ErrorCode::invalid_argument, "the prompt takes " + std::to_string(result.prompt_tokens) +
                                           " tokens (" + std::to_string(result.image.tokens) +
                                           " of them pictures) and the model's context has " +
                                           std::to_string(longest) + "; shorten it or use fewer pictures"};
}

}  // namespace

// ---- what is known of it --------------------------------------------------------------------------------

// The last part always goes through the model: the answer begins with what it says then.
Engine::Beginning Engine::find_beginning(Prompt& prompt) {
  if (!options_.cache) return {};
  const std::span<const PromptPart> parts(prompt.parts().data(), prompt.parts().size() - 1);
  Beginning beginning;
  if (context_) beginning.parts = common_parts(in_context_, parts);
  auto found = options_.cache->find_prefix(parts, settings_.kv_type, !text_->forgets_parts());
  if (found.parts > beginning.parts) beginning = {found.parts, std::move(found.prefix)};
  const PromptParts& known = beginning.saved ? beginning.saved->parts : in_context_;
  for (std::size_t i = 0; i < beginning.parts; ++i) prompt.measure(i, known[i].positions);
  return beginning;
}

// What the context holds stays there where nothing has to be made or brought in that could take its place;
// otherwise it is set aside.
void Engine::secure(Beginning& beginning, const Prompt& prompt, const Question& question, bool all_seen) {
  if (beginning.parts == 0 || beginning.saved) return;
  const std::span<const PromptPart> parts(prompt.parts().data(), beginning.parts);
  if (!context_->cut_off_at(positions_of(parts))) {
    beginning = {};  // a model that can not forget a part of what it read
    return;
  }
  in_context_.resize(beginning.parts);
  if (all_seen && fits_context(prompt, question.max_tokens())) return;
  const KvType kv_type = context_->size().kv_type;
  auto state = context_->save(MemoryHolder::kv);
  context_.reset();
  if (!state) {
    beginning = {};
    return;
  }
  beginning.saved =
      std::make_shared<PromptPrefix>(PromptPrefix{{parts.begin(), parts.end()}, kv_type, std::move(*state)});
}

// ---- pictures -------------------------------------------------------------------------------------------

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

Expected<EncodedPicturePtr> Engine::look_at(const AskedPicture& picture, const Question& question,
                                            const VisionEncoder::TileSink& on_tile,
                                            GenerationResult& result) {
  if (auto there = bring_vision_in(question.cancel, result); !there) return tl::unexpected(there.error());
  const int edge = vision_->longest_edge();
  const auto decode_start = Clock::now();
  auto image = picture.decode(edge > 0 ? std::min(edge, picture.image_size) : picture.image_size, *pool_,
                              question.cancel->raw());
  result.timing.image_decode_ms += ms_since(decode_start);
  if (!image) return tl::unexpected(image.error());
  const auto encode_start = Clock::now();
  auto encoded = vision_->encode(*image, picture.image_size, question.cancel, on_tile);
  result.timing.image_encode_ms += ms_since(encode_start);
  if (encoded) result.image.tiles += (*encoded)->tiles();
  return encoded;
}

Expected<void> Engine::show_pictures(Prompt& prompt, const std::vector<AskedPicture>& pictures,
                                     const Beginning& beginning, const Question& question, const Sinks& sinks,
                                     GenerationResult& result) {
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const AskedPicture& picture = pictures[i];
    if (picture.part < beginning.parts) {
      ++result.image.reused;
      continue;
    }
    const PictureKey& key = prompt.parts()[picture.part].key;
    EncodedPicturePtr encoded = options_.cache ? options_.cache->find_picture(key) : nullptr;
    if (encoded) {
      ++result.image.reused;
    } else {
      const auto tell = [&](int done, int of) {
        const double whole = static_cast<double>(i) + static_cast<double>(done) / of;
        if (sinks.on_look)
          sinks.on_look(static_cast<float>(whole / static_cast<double>(pictures.size())),
                        looking_text(pictures, i, done, of));
        if (sinks.between_steps) sinks.between_steps();
      };
      auto seen = look_at(picture, question, tell, result);
      if (!seen) return tl::unexpected(seen.error());
      encoded = std::move(*seen);
      if (options_.cache) options_.cache->keep(key, encoded);
    }
    prompt.show(picture.part, std::move(encoded));
  }
  return {};
}

// ---- the context ----------------------------------------------------------------------------------------

int Engine::tokens_for(const Prompt& prompt, int max_tokens) const {
  return static_cast<int>(
      std::min<long>(info_.context_length, static_cast<long>(prompt.positions()) + max_tokens));
}

bool Engine::fits_context(const Prompt& prompt, int max_tokens) const {
  const int tokens = tokens_for(prompt, max_tokens);
  const int batch = std::max(prompt.widest_batch(), std::min(settings_.batch_tokens, tokens));
  return context_ && context_->size().tokens >= tokens && context_->size().batch_tokens >= batch;
}

// The context is as large as this question needs, not as large as the model could be asked for. What was
// streamed in for the question before makes room for it, and comes back into what is left.
Expected<void> Engine::make_room(const Prompt& prompt, int max_tokens, GenerationResult& result) {
  if (prompt.positions() >= info_.context_length) {
    return tl::unexpected(too_long_error(result, info_.context_length));
  }
  if (!fits_context(prompt, max_tokens)) {
    context_.reset();
    if (text_->weights().streamed()) text_->weights().drop_layers();
    auto made = make_context(tokens_for(prompt, max_tokens), prompt.widest_batch(), result);
    if (!made) return made;
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
    auto smaller = TextContext::create(*text_, {tokens, batch, way.kv_type}, options_.threads);
    // The first refusal says what the question needs as it was asked.
    if (smaller || !context || !way.concession) context = std::move(smaller);
    if (context && *context) {
      if (way.concession) result.concessions.push_back(*way.concession);
      context_ = std::move(*context);
      in_context_.clear();
      return {};
    }
    if (!is_refusal(context.error())) break;
  }
  return tl::unexpected(context.error());
}

// ---- through the model ----------------------------------------------------------------------------------

Expected<void> Engine::go_on_from(const Beginning& beginning) {
  if (beginning.parts > 0 && !beginning.saved) return {};
  context_->clear();
  in_context_.clear();
  if (beginning.parts == 0) return {};
  const PromptParts& saved = beginning.saved->parts;
  auto restored = context_->restore(beginning.saved->state, positions_of(saved));
  if (!restored) return restored;
  in_context_.assign(saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(beginning.parts));
  if (beginning.parts < saved.size()) context_->cut_off_at(positions_of(in_context_));
  return {};
}

// What comes next may be another question about the same pictures.
void Engine::remember_context() {
  const std::size_t bytes = context_->saved_bytes();
  if (!options_.cache || !settings_.keep_prompts || !options_.cache->has_room_for(bytes)) return;
  auto state = context_->save(MemoryHolder::cache_prefixes);
  if (!state) return;
  options_.cache->keep(
      std::make_shared<PromptPrefix>(PromptPrefix{in_context_, context_->size().kv_type, std::move(*state)}));
}

Expected<void> Engine::prefill(const Prompt& prompt, const CancelFlagPtr& cancel) {
  const PromptParts& parts = prompt.parts();
  const std::size_t seen = parts_through_pictures(parts);
  const bool worth_remembering = seen > in_context_.size() && prompt.counts_up();
  if (auto done = prompt.prefill(in_context_.size(), parts.size(), *context_, cancel); !done) return done;
  in_context_ = parts;
  if (worth_remembering) remember_context();
  return {};
}

Expected<void> Engine::read_prompt(const Question& question, const Sinks& sinks, GenerationResult& result,
                                   bool afresh) {
  std::vector<AskedPicture> pictures;
  auto prompt = lay_out(question, pictures, result);
  if (!prompt) return tl::unexpected(prompt.error());
  phase_ = Phase::preparing;
  Beginning beginning = afresh ? Beginning{} : find_beginning(*prompt);
  const bool all_seen = pictures.empty() || pictures.back().part < beginning.parts;
  secure(beginning, *prompt, question, all_seen);
  phase_ = Phase::looking;
  auto shown = show_pictures(*prompt, pictures, beginning, question, sinks, result);
  phase_ = Phase::preparing;
  for (AskedPicture& picture : pictures) picture.video.reset();  // its ffmpeg ends here
  const bool on_demand = settings_.vision == VisionResidency::on_demand;
  if (on_demand && vision_ && (!shown || vision_->can_leave())) vision_.reset();
  if (!shown) return shown;

  result.prompt_tokens = prompt->positions();
  result.reused_tokens = positions_of({prompt->parts().data(), beginning.parts});
  for (const AskedPicture& picture : pictures) result.image.tokens += prompt->parts()[picture.part].positions;
  if (auto room = make_room(*prompt, question.max_tokens(), result); !room) return room;
  if (beginning.saved && context_->size().kv_type != beginning.saved->kv_type) {
    // There was only room for another kind of context than the one that was kept.
    result = {.concessions = std::move(result.concessions)};
    beginning.saved.reset();
    return read_prompt(question, sinks, result, true);
  }
  const auto start = Clock::now();
  auto done = go_on_from(beginning);
  beginning.saved.reset();
  if (done) done = prefill(*prompt, question.cancel);
  result.timing.prefill_ms = ms_since(start);
  if (!prompt->counts_up()) in_context_.clear();  // positions that only the encoder knows
  if (on_demand) vision_.reset();
  return done;
}

}  // namespace plimsoll::engine
