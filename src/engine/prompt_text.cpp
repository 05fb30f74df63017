// How a question becomes a prompt: its words and pictures in the order in which the model was trained on
// them.
#include <algorithm>
#include <functional>
#include <utility>

#include "engine/chat_template.h"
#include "engine/engine.h"
#include "engine/system_prompt.h"
#include "engine/tile_layout.h"
#include "engine/video_prompt.h"

namespace plimsoll::engine {

namespace {

// Stands for a picture in the text that the chat template makes.
constexpr std::string_view kMarker = "<__picture__>";
// An answer may be as long as the rest of the context, but what is asked for it in advance leaves a video
// this share.
constexpr int kLeastShareOfVideos = 2;  // one in so many
// Around a picture's tile: where it stands, and line ends.
constexpr int kTokensAround = 4;
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

int Engine::frame_side(const MemoryConfiguration& configuration) const {
  return std::min(vision_file_.image_tile > 0 ? vision_file_.image_tile : kFrameSide,
                  configuration.image_size);
}

// A frame is one tile; libmtmd's encoders have their own ways, which `measured` knows.
int Engine::positions_of_frame(int measured) const {
  if (measured > 0) return measured;
  int positions = tokens_of_tile(vision_file_);
  for (const std::string& text : texts_around_tiles({}, vision_file_.image_before_lone_overview)) {
    positions += static_cast<int>(text_->tokenize(text, false).size());
  }
  return positions;
}

// A square picture is cut into the most tiles.
int Engine::most_positions_of_picture(int image_size) const {
  const int tile = vision_file_.image_tile, edge = vision_file_.image_longest_edge;
  const TileLayout layout = tile > 0 && edge > 0 ? tile_layout(1, 1, image_size, edge, tile) : TileLayout{};
  return layout.tiles() * (tokens_of_tile(vision_file_) + kTokensAround);
}

Expected<Engine::AskedVideos> Engine::open_videos(const Question& question) const {
  AskedVideos videos;
  const VideoOptions options{kMaxVideoFrames, frame_side(question.configuration)};
  for (const Turn& turn : question.request.turns) {
    if (!has_video(turn)) continue;
    auto video = AskedVideo::open(*turn.video, options, *pool_, question.cancel->raw());
    if (!video) return tl::unexpected(video.error());
    videos.push_back(std::move(*video));
  }
  return videos;
}

// As many as fit of what is written about them, word for word, in the context and below the memory line.
Expected<void> Engine::choose_frames(const Question& question, const AskedVideos& videos,
                                     int frame_positions) const {
  const int each = positions_of_frame(frame_positions);
  const int answer = std::min(question.max_tokens(), info_.context_length / kLeastShareOfVideos);
  const auto positions_with = [&](int frames) {
    for (const auto& video : videos) video->spread(frames);
    std::vector<AskedPicture> pictures;
    const auto text = render(question, videos, pictures);
    if (!text) return info_.context_length;
    int positions = 0;
    for (const auto piece : split_at_markers(*text)) {
      positions += static_cast<int>(text_->tokenize(piece, positions == 0).size());
    }
    for (const AskedPicture& picture : pictures) {
      positions += picture.video ? each : most_positions_of_picture(picture.image_size);
    }
    return positions;
  };
  int frames = video_frames_that_fit(positions_with, info_.context_length - answer);
  // A long question leaves the answer less, as it does without a video.
  if (frames == 0 && positions_with(1) < info_.context_length) frames = 1;
  if (frames == 0) {
    return fail(ErrorCode::invalid_argument,
                question.request.turns.back().prompt.empty()
                    ? "the model's context has no room for even one frame of a video"
                    : "the model's context has no room for even one frame of a video "
                      "beside the question; shorten the question or the conversation");
  }
  while (frames > 1 && !has_room_for_context(positions_with(frames) + answer)) frames = frames * 3 / 4;
  for (const auto& video : videos) video->spread(frames);
  return {};
}

Expected<std::string> Engine::render(const Question& question, const AskedVideos& videos,
                                     std::vector<AskedPicture>& pictures) const {
  const GenerationRequest& request = question.request;
  std::vector<ChatMessage> messages;
  std::string system = system_prompt(request, files_);
  if (!system.empty()) messages.push_back({"system", std::move(system)});
  auto video = videos.begin();
  for (const Turn& turn : request.turns) {
    std::string content;
    for (const ImageSource& source : turn.images) {
      content += kMarker;
      pictures.push_back({.source = &source, .image_size = question.configuration.image_size});
    }
    if (has_video(turn)) {
      const VideoFrames& frames = (*video)->frames();
      for (std::size_t i = 0; i < frames.times().size(); ++i) {
        pictures.push_back({.video = *video, .frame = i, .image_size = frame_side(question.configuration)});
      }
      content += video_text(frames.duration_seconds(), frames.times(), kMarker);
      ++video;
    }
    messages.push_back({"user", content + turn.prompt});
    if (!turn.answer.empty()) messages.push_back({"assistant", turn.answer});
  }
  return apply_chat_template(text_->get(), messages);
}

Expected<Prompt> Engine::lay_out(const Question& question, std::vector<AskedPicture>& pictures,
                                 GenerationResult& result, int frame_positions) const {
  if (auto checked = check(question.request); !checked) return tl::unexpected(checked.error());
  auto videos = open_videos(question);
  if (!videos) return tl::unexpected(videos.error());
  if (!videos->empty()) {
    if (auto chosen = choose_frames(question, *videos, frame_positions); !chosen) {
      return tl::unexpected(chosen.error());
    }
  }
  auto text = render(question, *videos, pictures);
  if (!text) return tl::unexpected(text.error());
  for (const auto& video : *videos) result.video_frames += static_cast<int>(video->frames().times().size());
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
