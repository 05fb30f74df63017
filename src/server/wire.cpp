#include "server/wire.h"

#include <utility>

#include "report/answer_json.h"
#include "report/error_json.h"

namespace plimsoll::server {

namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <typename T>
void read_optional(const Json& json, const char* name, std::optional<T>& into) {
  const Json& value = json.at(name);
  if (!value.is_null()) into = value.get<T>();
}

// Names are the wire's for enums that have them; a number does for the others.
template <typename Enum>
Enum enum_at(const Json& json, const char* name) {
  return static_cast<Enum>(json.at(name).get<int>());
}

Json turn_to_wire(const Turn& turn, std::vector<std::string>& blobs) {
  Json images = Json::array();
  for (const ImageSource& image : turn.images) {
    if (const auto* path = std::get_if<std::filesystem::path>(&image.content)) {
      images.push_back({{"path", path->string()}});
    } else {
      images.push_back({{"blob", blobs.size()}, {"label", image.label}});
      blobs.push_back(std::get<std::string>(image.content));
    }
  }
  return {{"prompt", turn.prompt},
          {"answer", turn.answer},
          {"images", std::move(images)},
          {"video", turn.video ? Json(turn.video->path.string()) : Json(nullptr)}};
}

Turn turn_from_wire(const Json& json, std::vector<std::string>& blobs) {
  Turn turn{.prompt = json.at("prompt").get<std::string>(), .answer = json.at("answer").get<std::string>()};
  for (const Json& image : json.at("images")) {
    if (image.contains("path")) {
      turn.images.push_back({std::filesystem::path(image.at("path").get<std::string>())});
    } else {
      const auto index = image.at("blob").get<std::size_t>();
      if (index >= blobs.size()) throw Json::out_of_range::create(401, "no such blob", nullptr);
      turn.images.push_back({std::move(blobs[index]), image.at("label").get<std::string>()});
    }
  }
  if (!json.at("video").is_null()) turn.video = VideoSource{json.at("video").get<std::string>()};
  return turn;
}

GenerationTiming timing_from_wire(const Json& json) {
  GenerationTiming timing;
  json.at("load_ms").get_to(timing.load_ms);
  json.at("image_decode_ms").get_to(timing.image_decode_ms);
  json.at("image_encode_ms").get_to(timing.image_encode_ms);
  json.at("prefill_ms").get_to(timing.prefill_ms);
  json.at("time_to_first_token_ms").get_to(timing.time_to_first_token_ms);
  json.at("tokens").get_to(timing.tokens);
  json.at("tokens_per_second").get_to(timing.tokens_per_second);
  return timing;
}

}  // namespace

Frame request_to_wire(const GenerationRequest& request) {
  Frame frame;
  Json turns = Json::array();
  for (const Turn& turn : request.turns) turns.push_back(turn_to_wire(turn, frame.blobs));
  frame.head = {{"turns", std::move(turns)},
                {"system_prompt", or_null(request.system_prompt)},
                {"max_tokens", or_null(request.max_tokens)},
                {"temperature", or_null(request.temperature)},
                {"top_p", or_null(request.top_p)},
                {"seed", or_null(request.seed)},
                {"stop", request.stop},
                {"grammar", request.grammar}};
  return frame;
}

GenerationRequest request_from_wire(Frame& frame) {
  GenerationRequest request;
  for (const Json& turn : frame.head.at("turns")) request.turns.push_back(turn_from_wire(turn, frame.blobs));
  read_optional(frame.head, "system_prompt", request.system_prompt);
  read_optional(frame.head, "max_tokens", request.max_tokens);
  read_optional(frame.head, "temperature", request.temperature);
  read_optional(frame.head, "top_p", request.top_p);
  read_optional(frame.head, "seed", request.seed);
  frame.head.at("stop").get_to(request.stop);
  frame.head.at("grammar").get_to(request.grammar);
  return request;
}

Json answer_to_wire(const Answer& answer) {
  const GenerationResult& result = answer.result;
  Json concessions = Json::array();
  for (const Concession concession : result.concessions) concessions.push_back(static_cast<int>(concession));
  return {{"answer", result.answer},
          {"finish_reason", static_cast<int>(result.finish_reason)},
          {"timing", report::timing_json(result.timing)},
          {"image", report::image_json(result.image)},
          {"video_frames", result.video_frames},
          {"prompt_tokens", result.prompt_tokens},
          {"reused_tokens", result.reused_tokens},
          {"concessions", std::move(concessions)},
          {"memory", answer.memory}};
}

Answer answer_from_wire(const Json& json) {
  Answer answer;
  GenerationResult& result = answer.result;
  json.at("answer").get_to(result.answer);
  result.finish_reason = enum_at<FinishReason>(json, "finish_reason");
  result.timing = timing_from_wire(json.at("timing"));
  const Json& image = json.at("image");
  image.at("tiles").get_to(result.image.tiles);
  image.at("tokens").get_to(result.image.tokens);
  image.at("reused").get_to(result.image.reused);
  json.at("video_frames").get_to(result.video_frames);
  json.at("prompt_tokens").get_to(result.prompt_tokens);
  json.at("reused_tokens").get_to(result.reused_tokens);
  for (const Json& concession : json.at("concessions")) {
    result.concessions.push_back(static_cast<Concession>(concession.get<int>()));
  }
  answer.memory = json.at("memory");
  return answer;
}

Json error_to_wire(const Error& error) {
  Json json = report::error_json(error);
  json["code"] = static_cast<int>(error.code);
  return json;
}

Error error_from_wire(const Json& json) {
  Error error{enum_at<ErrorCode>(json, "code"), json.at("message").get<std::string>()};
  if (const auto found = json.find("denial"); found != json.end()) {
    BudgetDenial denial{.holder = found->at("holder").get<std::string>(),
                        .requested_bytes = found->at("requested_bytes").get<std::size_t>(),
                        .available_bytes = found->at("available_bytes").get<std::size_t>(),
                        .limit_bytes = found->at("limit_bytes").get<std::size_t>(),
                        .holders = {},
                        .bound = found->at("bound").get<std::string>()};
    for (const auto& [holder, bytes] : found->at("holders").items()) {
      denial.holders.push_back({holder, bytes.get<std::size_t>()});
    }
    error.denial = std::move(denial);
  }
  return error;
}

}  // namespace plimsoll::server
