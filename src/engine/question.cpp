// How a prompt goes through the model: what earlier questions left behind first, then pictures, each decoded,
// encoded and let go before the next, then the context and what is new.
#include <algorithm>
#include <utility>

#include "engine/draft.h"
#include "engine/engine.h"

namespace plimsoll::engine {

namespace {

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

// Positions that a frame of a video takes, as its encoder made it; 0: there is no video.
int longest_frame(const Prompt& prompt, const std::vector<AskedPicture>& pictures) {
  int longest = 0;
  for (const AskedPicture& picture : pictures) {
    if (picture.video) longest = std::max(longest, prompt.parts()[picture.part].positions);
  }
  return longest;
}

Error too_long_error(const GenerationResult& result, int longest) {
  return {ErrorCode::invalid_argument, "the prompt takes " + std::to_string(result.prompt_tokens) +
                                           " tokens (" + std::to_string(result.image.tokens) +
                                           " of them pictures) and the model's context has " +
                                           std::to_string(longest) + "; shorten it or use fewer pictures"};
}

}  // namespace

// ---- what is known of it --------------------------------------------------------------------------------

// The last part always goes through the model: the answer begins with what it says then. A place where
// nobody writes is reserved: the one that holds the beginning, but not for the few words that all prompts
// begin with while it could go on for somebody else. From there, as from an answer that is being written, a
// beginning with pictures is copied.
Engine::Beginning Engine::find_beginning(Prompt& prompt) {
  const std::span<const PromptPart> parts(prompt.parts().data(), prompt.parts().size() - 1);
  const int free = group_.has_room() ? group_.free_place() : -1;
  if (free >= 0) group_.reserve(free);
  if (!options_.cache) return {};
  Beginning beginning;
  std::optional<int> copied;
  std::size_t in_copied = 0;
  for (int place = 0; place < group_.places(); ++place) {
    const std::size_t common = common_parts(group_.held(place), parts);
    const bool goes_on = place == free || 2 * common >= group_.held(place).size();
    if (!group_.is_writing(place) && goes_on) {
      if (common <= beginning.parts) continue;
      beginning.parts = common;
      group_.reserve(place);
    } else if (common > in_copied && parts_through_pictures(parts.first(common)) > 0) {
      in_copied = common;
      copied = place;
    }
  }
  auto found = options_.cache->find_prefix(parts, settings_.kv_type, !text_->forgets_parts());
  if (found.parts > beginning.parts) beginning = {found.parts, std::move(found.prefix)};
  if (copied && in_copied > beginning.parts) {
    if (auto copy = save_place(*copied)) beginning = {in_copied, std::move(copy)};
  }
  if (beginning.parts == 0) return {};
  const PromptParts& known = beginning.saved ? beginning.saved->parts : group_.held(*group_.reserved());
  for (std::size_t i = 0; i < beginning.parts; ++i) prompt.measure(i, known[i].positions);
  return beginning;
}

// nullptr: there is no room for a copy.
PromptPrefixPtr Engine::save_place(int place) {
  auto state = group_.sequence(place).save(MemoryHolder::kv);
  if (!state) return nullptr;
  return std::make_shared<PromptPrefix>(
      PromptPrefix{group_.held(place), group_.context()->size().kv_type, std::move(*state)});
}

// What the context holds stays there where nothing has to be made or brought in that could take its place;
// otherwise it is set aside.
void Engine::secure(Beginning& beginning, const Prompt& prompt, const Question& question, bool all_seen) {
  if (beginning.parts == 0 || beginning.saved) return;
  const int place = *group_.reserved();
  const std::span<const PromptPart> parts(prompt.parts().data(), beginning.parts);
  if (!group_.sequence(place).cut_off_at(positions_of(parts))) {
    beginning = {};  // a model that can not forget a part of what it read
    return;
  }
  group_.held(place).resize(beginning.parts);
  const bool others = group_.writing();
  if (all_seen ? others || fits_context(prompt, question.max_tokens()) : others && vision_) return;
  beginning.saved = save_place(place);
  if (!others) group_.drop_context();
  if (!beginning.saved) beginning = {};
}

// ---- the others -----------------------------------------------------------------------------------------

// Between two pieces of reading. Reading keeps two thirds of the time, so that who comes new does not wait
// for all that the others have to say.
void Engine::let_others_write(const Sinks& sinks) {
  if (!group_.writing()) return;
  const auto began = Clock::now();
  const auto end = began + (began - piece_began_) / 2;
  do {
    group_.step();
    if (sinks.others_wrote) sinks.others_wrote();
  } while (group_.writing() && Clock::now() < end);
  lent_ms_ += ms_since(began);
  piece_began_ = Clock::now();
}

Expected<void> Engine::let_others_finish(const Question& question, const Sinks& sinks) {
  const Phase before = std::exchange(phase_, Phase::looking);
  while (group_.writing() && !question.cancel->cancelled()) {
    group_.step();
    if (sinks.others_wrote) sinks.others_wrote();
    if (sinks.between_tiles) sinks.between_tiles();
  }
  phase_ = before;
  piece_began_ = Clock::now();
  if (group_.writing()) return fail(ErrorCode::cancelled, "the generation was cancelled");
  return {};
}

// ---- pictures -------------------------------------------------------------------------------------------

// With the encoder on demand, what the answer will need is not there while the encoder is.
Expected<void> Engine::bring_vision_in(const Question& question, const Sinks& sinks,
                                       GenerationResult& result) {
  if (vision_) return {};
  if (auto ended = let_others_finish(question, sinks); !ended) return ended;
  group_.drop_context();
  if (text_->weights().streamed()) text_->weights().drop_layers();
  const auto start = Clock::now();
  auto loaded = load_vision({}, question.cancel);
  if (!loaded && loaded.error().code == ErrorCode::over_budget && question.ahead != nullptr) {
    question.ahead->wait(sinks.between_tiles);  // its picture is pending until it is decoded
    loaded = load_vision({}, question.cancel);
  }
  result.timing.load_ms += ms_since(start);
  return loaded;
}

Expected<Image> Engine::decode(const AskedPicture& picture, const Question& question, const Sinks& sinks) {
  const int longest_side = picture.seen_side(vision_->longest_edge());
  if (question.ahead != nullptr && picture.source != nullptr) {
    question.ahead->wait(sinks.between_tiles);  // its charge may ask this thread to give something back
    if (auto image = question.ahead->take(*picture.source, longest_side)) return std::move(*image);
  }
  return picture.decode(longest_side, *pool_, question.cancel->raw());
}

Expected<EncodedPicturePtr> Engine::look_at(const AskedPicture& picture, const Question& question,
                                            const Sinks& sinks, const VisionEncoder::TileSink& on_tile,
                                            GenerationResult& result) {
  auto there = bring_vision_in(question, sinks, result);
  if (!there) return tl::unexpected(there.error());
  const auto decode_start = Clock::now();
  auto image = decode(picture, question, sinks);
  result.timing.image_decode_ms += ms_since(decode_start);
  if (!image) return tl::unexpected(image.error());
  const auto encode_start = Clock::now();
  const double lent_before = lent_ms_;
  auto encoded = vision_->encode(*image, picture.image_size, question.cancel, on_tile);
  result.timing.image_encode_ms += ms_since(encode_start) - (lent_ms_ - lent_before);
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
        let_others_write(sinks);
        if (sinks.between_tiles) sinks.between_tiles();
      };
      auto seen = look_at(picture, question, sinks, tell, result);
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

// One that is longer than what each of several has is answered alone, in a context of its own length.
int Engine::sequences_for(int tokens) const {
  const bool long_one = settings_.context_tokens > 0 && tokens > settings_.context_tokens;
  return long_one ? 1 : settings_.answers_at_once;
}

bool Engine::fits_context(const Prompt& prompt, int max_tokens) const {
  if (!group_.context()) return false;
  const int tokens = tokens_for(prompt, max_tokens);
  const int batch =
      std::max(prompt.widest_batch(), std::min(settings_.batch_tokens, rounded_context(tokens)));
  const ContextSize size = group_.context()->size();
  const bool has_all_places = group_.writing() || size.sequences >= sequences_for(tokens);
  return has_all_places && size.tokens >= tokens && size.batch_tokens >= batch;
}

// The context is as large as this question needs, not as large as the model could be asked for; where several
// are to be written together, as the plan says. What was streamed in for the question before makes room for
// it, and comes back into what is left. False: the beginning was lost on the way.
Expected<bool> Engine::make_room(const Prompt& prompt, Beginning& beginning, const Question& question,
                                 const Sinks& sinks, GenerationResult& result) {
  const int max_tokens = question.max_tokens();
  if (prompt.positions() >= info_.context_length) {
    return tl::unexpected(too_long_error(result, info_.context_length));
  }
  const bool has_place = group_.reserved() || group_.has_room();
  if (group_.writing() && !(has_place && fits_context(prompt, max_tokens))) {
    if (auto ended = let_others_finish(question, sinks); !ended) return tl::unexpected(ended.error());
  }
  const bool is_held = beginning.parts > 0 && !beginning.saved;
  bool still_there = !is_held || group_.reserved();
  if (!fits_context(prompt, max_tokens)) {
    if (is_held && still_there) beginning.saved = save_place(*group_.reserved());
    still_there = beginning.parts == 0 || beginning.saved;
    group_.drop_context();
    if (text_->weights().streamed()) text_->weights().drop_layers();
    auto made = make_context(tokens_for(prompt, max_tokens), prompt.widest_batch(), result);
    if (!made) return tl::unexpected(made.error());
  }
  if (!group_.reserved()) group_.reserve(group_.free_place());
  if (auto settled = settle_text_weights(); !settled) return tl::unexpected(settled.error());
  // There may only have been room for another kind of context than the one that was kept.
  const bool same_kind = !beginning.saved || beginning.saved->kv_type == group_.context()->size().kv_type;
  return still_there && same_kind;
}

// A conversation that is longer than the plan foresaw may still fit in a smaller way. Where there is no room
// for several answers any more, there will be none for the next ones either.
Expected<void> Engine::make_context(int tokens, int widest_batch, GenerationResult& result) {
  struct Way {
    int batch_tokens;
    KvType kv_type;
    std::optional<Concession> concession;
    int sequences = 1;
  };
  const int small = std::min(settings_.batch_tokens, kSmallestBatch), several = sequences_for(tokens);
  const Way ways[] = {{settings_.batch_tokens, settings_.kv_type, {}, several},
                      {settings_.batch_tokens, settings_.kv_type, Concession::fewer_at_once},
                      {small, settings_.kv_type, Concession::smaller_batch},
                      {small, KvType::q8_0, Concession::kv_q8_0},
                      {small, KvType::q4_0, Concession::kv_q4_0}};
  Expected<std::unique_ptr<TextContext>> context = nullptr;
  for (const Way& way : ways) {
    const bool the_same_again = way.concession == Concession::fewer_at_once && several == 1;
    if (way.kv_type < settings_.kv_type || the_same_again) continue;
    const int each = way.sequences > 1 ? std::max(tokens, settings_.context_tokens) : tokens;
    const int batch = std::max(widest_batch, std::min(way.batch_tokens, rounded_context(each)));
    auto smaller = TextContext::create(*text_, {each, batch, way.kv_type, way.sequences}, options_.threads);
    // The first refusal says what the question needs as it was asked.
    if (smaller || !context || !way.concession) context = std::move(smaller);
    if (context && *context) {
      if (way.concession) result.concessions.push_back(*way.concession);
      if (way.sequences < several) settings_.answers_at_once = 1;
      group_.hold(std::move(*context));
      return {};
    }
    if (!is_refusal(context.error())) break;
  }
  return tl::unexpected(context.error());
}

// ---- through the model ----------------------------------------------------------------------------------

Expected<void> Engine::go_on_from(const Beginning& beginning, int place) {
  if (beginning.parts > 0 && !beginning.saved) return {};
  TextSequence& sequence = group_.sequence(place);
  PromptParts& held = group_.held(place);
  sequence.clear();
  held.clear();
  if (beginning.parts == 0) return {};
  const PromptParts& saved = beginning.saved->parts;
  auto restored = sequence.restore(beginning.saved->state, positions_of(saved));
  if (!restored) return restored;
  held.assign(saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(beginning.parts));
  if (beginning.parts < saved.size()) sequence.cut_off_at(positions_of(held));
  return {};
}

// What comes next may be another question about the same pictures.
void Engine::remember(int place) {
  const TextSequence& sequence = group_.sequence(place);
  const std::size_t bytes = sequence.saved_bytes();
  if (!options_.cache || !settings_.keep_prompts || !options_.cache->has_room_for(bytes)) return;
  auto state = sequence.save(MemoryHolder::cache_prefixes);
  if (!state) return;
  options_.cache->keep(std::make_shared<PromptPrefix>(
      PromptPrefix{group_.held(place), group_.context()->size().kv_type, std::move(*state)}));
}

Expected<void> Engine::prefill(const Prompt& prompt, int place, const Question& question, const Sinks& sinks,
                               GenerationResult& result) {
  const auto start = Clock::now();
  const double lent_before = lent_ms_;
  PromptParts& held = group_.held(place);
  const std::size_t seen = parts_through_pictures(prompt.parts());
  const bool worth_remembering = seen > held.size() && prompt.counts_up();
  auto done =
      prompt.prefill(held.size(), group_.sequence(place), question.cancel, [&] { let_others_write(sinks); });
  if (done) held = prompt.parts();
  if (done && worth_remembering) remember(place);
  if (!prompt.counts_up()) held.clear();  // positions that only the encoder knows
  result.timing.prefill_ms = ms_since(start) - (lent_ms_ - lent_before);
  return done;
}

// Returns the place of the group that it was read into.
Expected<int> Engine::read_prompt(const Question& question, const Sinks& sinks, GenerationResult& result,
                                  Reread reread) {
  std::vector<AskedPicture> pictures;
  auto prompt = lay_out(question, pictures, result, reread.frame_positions);
  if (!prompt) return tl::unexpected(prompt.error());
  phase_ = Phase::preparing;
  Beginning beginning = reread.afresh ? Beginning{} : find_beginning(*prompt);
  const bool all_seen = pictures.empty() || pictures.back().part < beginning.parts;
  secure(beginning, *prompt, question, all_seen);
  phase_ = Phase::looking;
  auto shown = show_pictures(*prompt, pictures, beginning, question, sinks, result);
  phase_ = Phase::preparing;
  const int frame_positions = longest_frame(*prompt, pictures);
  for (AskedPicture& picture : pictures) picture.video.reset();  // its ffmpeg ends here
  const bool on_demand = settings_.vision == VisionResidency::on_demand;
  if (on_demand && vision_ && (!shown || vision_->can_leave())) vision_.reset();
  if (!shown) return tl::unexpected(shown.error());

  result.prompt_tokens = prompt->positions();
  result.reused_tokens = positions_of({prompt->parts().data(), beginning.parts});
  for (const AskedPicture& picture : pictures) result.image.tokens += prompt->parts()[picture.part].positions;
  // libmtmd's encoders make of a frame what they like: now it is known.
  if (result.prompt_tokens >= info_.context_length &&
      frame_positions > positions_of_frame(reread.frame_positions)) {
    result = {.concessions = std::move(result.concessions)};
    beginning.saved.reset();
    return read_prompt(question, sinks, result, {.afresh = true, .frame_positions = frame_positions});
  }
  const auto room = make_room(*prompt, beginning, question, sinks, result);
  if (!room) return tl::unexpected(room.error());
  if (!*room) {
    result = {.concessions = std::move(result.concessions)};
    beginning.saved.reset();
    return read_prompt(question, sinks, result, {.afresh = true, .frame_positions = reread.frame_positions});
  }
  const int place = *group_.reserved();
  auto done = go_on_from(beginning, place);
  beginning.saved.reset();
  if (done) done = prefill(*prompt, place, question, sinks, result);
  if (on_demand) vision_.reset();
  if (!done) return tl::unexpected(done.error());
  return place;
}

}  // namespace plimsoll::engine
