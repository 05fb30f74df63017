// How a question becomes a prompt: its words and pictures in the order in which the model was trained on
// them.
#include <algorithm>
#include <functional>
#include <utility>

#include "engine/chat_template.h"
#include "engine/engine.h"
#include "engine/system_prompt.h"
#include "engine/video_prompt.h"

namespace plimsoll::engine {

namespace {

// Stands for a picture in the text that the chat template makes.
constexpr std::string_view kMarker = "<__picture__>";
// What the template puts around a question, and the time that stands before a frame of a video.
constexpr int kTemplateTokens = 64;
constexpr int kFrameTimeTokens = 12;
// Where nobody says what a video is to be scaled to: what SmolVLM2 was trained with.
constexpr int kFrameSide = 512;

bool has_video(const Turn& turn) { return turn.video.has_value(); }
bool has_images(const Turn& turn) { return !turn.images.empty(); }

std::vector<std::string_view> split_at_markers(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = text.find(kMarker); at != std::string_view::npos; at = text.find(kMarker)) {
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + kMarker.size());
  }
  pieces.push_back(text);
  return pieces;
}

}  // namespace

Expected<void> Engine::check(const GenerationRequest& request) const {
  for (const Turn& turn : request.turns) {
    if (turn.prompt.find(kMarker) != std::string::npos) {
      return fail(ErrorCode::invalid_argument, "the question contains \"" + std::string(kMarker) +
                                                   "\", which stands for a picture here; leave it out");
    }
    if (has_video(turn) && has_images(turn)) {
      return fail(
          ErrorCode::invalid_argument,
          "a question can be about pictures or about a video, not both; ask about one after the other");
    }
    if ((has_video(turn) || has_images(turn)) && !sees()) {
      return fail(
          ErrorCode::invalid_argument,
          info_.name + " has no vision encoder, so it can not look at pictures; give its mmproj file too");
    }
  }
  return {};
}

// A frame is one tile. What the context has left and what the memory line leaves for it decide how many.
int Engine::frames_that_fit(const Question& question) const {
  int words = question.max_tokens() + kTemplateTokens;
  for (const Turn& turn : question.request.turns) {
    words += static_cast<int>(text_->tokenize(turn.prompt + turn.answer, false).size());
  }
  const int each = tokens_of_tile(vision_file_) + kFrameTimeTokens;
  int frames = video_frames_that_fit(each, info_.context_length - words);
  while (frames > 1 && !has_room_for_context(words + frames * each)) frames = frames * 3 / 4;
  return frames;
}

bool Engine::has_room_for_context(int tokens) const {
  const MemoryLedger ledger = pool_->ledger();
  if (!ledger.memory_limit_bytes) return true;
  auto bytes =
      TextContext::bytes_for(*text_, {tokens, settings_.batch_tokens, settings_.kv_type}, options_.threads);
  if (!bytes) return false;
  const std::size_t others =
      ledger.active_bytes - ledger.of(MemoryHolder::kv) - ledger.of(MemoryHolder::compute_text);
  return others + bytes->kv + bytes->compute <= *ledger.memory_limit_bytes;
}

Expected<std::string> Engine::add_video(const VideoSource& source, const Question& question,
                                        std::vector<AskedPicture>& pictures, GenerationResult& result) const {
  const int frames = frames_that_fit(question);
  if (frames == 0) {
    return fail(ErrorCode::invalid_argument,
                source.name() +
                    ": the model's context has no room for even one frame beside the question; "
                    "shorten the question or the answer");
  }
  const int tile = vision_file_.image_tile > 0 ? vision_file_.image_tile : kFrameSide;
  const int side = std::min(tile, question.configuration.image_size);
  auto video = AskedVideo::open(source, {frames, side}, *pool_, question.cancel->raw());
  if (!video) return tl::unexpected(video.error());
  const std::vector<double>& times = (*video)->frames().times();
  for (std::size_t i = 0; i < times.size(); ++i) {
    pictures.push_back({.video = *video, .frame = i, .image_size = side});
  }
  result.video_frames += static_cast<int>(times.size());
  return video_text((*video)->frames().duration_seconds(), times, kMarker);
}

Expected<std::string> Engine::render(const Question& question, std::vector<AskedPicture>& pictures,
                                     GenerationResult& result) const {
  const GenerationRequest& request = question.request;
  std::vector<ChatMessage> messages;
  std::string system = system_prompt(request, files_);
  if (!system.empty()) messages.push_back({"system", std::move(system)});
  for (const Turn& turn : request.turns) {
    std::string content;
    for (const ImageSource& source : turn.images) {
      content += kMarker;
      pictures.push_back({.source = &source, .image_size = question.configuration.image_size});
    }
    if (turn.video) {
      auto words = add_video(*turn.video, question, pictures, result);
      if (!words) return words;
      content += *words;
    }
    messages.push_back({"user", content + turn.prompt});
    if (!turn.answer.empty()) messages.push_back({"assistant", turn.answer});
  }
  return apply_chat_template(text_->get(), messages);
}

Expected<Prompt> Engine::lay_out(const Question& question, std::vector<AskedPicture>& pictures,
                                 GenerationResult& result) const {
  if (auto checked = check(question.request); !checked) return tl::unexpected(checked.error());
  auto text = render(question, pictures, result);
  if (!text) return tl::unexpected(text.error());
  const std::uint64_t model = identity(files_);
  Prompt prompt;
  const auto pieces = split_at_markers(*text);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    prompt.add_text(text_->tokenize(pieces[i], i == 0));
    if (i == pictures.size()) break;
    auto content = pictures[i].content();
    if (!content) return tl::unexpected(content.error());
    pictures[i].part = prompt.parts().size();
    prompt.add_picture({*content, model, pictures[i].image_size});
  }
  return prompt;
}

}  // namespace plimsoll::engine
