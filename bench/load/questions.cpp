#include "bench/load/questions.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/base64_text.h"
#include "tests/file_text.h"

namespace plimsoll::bench {

namespace {

using Json = nlohmann::json;

constexpr int kMaxTokens = 48;

LoadQuestion openai_question(const std::string& question, const std::string& picture, bool stream) {
  Json content = Json::array({{{"type", "text"}, {"text", question}}});
  if (!picture.empty()) {
    content.push_back({{"type", "image_url"}, {"image_url", {{"url", "data:image/png;base64," + picture}}}});
  }
  const Json body = {{"messages", {{{"role", "user"}, {"content", content}}}},
                     {"stream", stream},
                     {"temperature", 0},
                     {"max_tokens", kMaxTokens}};
  return {.path = "/v1/chat/completions", .body = body.dump(), .answer = {}};
}

LoadQuestion ollama_question(const std::string& question, const std::string& picture, bool stream) {
  Json body = {{"prompt", question},
               {"stream", stream},
               {"options", {{"temperature", 0}, {"num_predict", kMaxTokens}}}};
  if (!picture.empty()) body["images"] = {picture};
  return {.path = "/api/generate", .body = body.dump(), .answer = {}};
}

void add(std::vector<LoadQuestion>& questions, const std::string& question, const std::string& picture,
         const std::string& answer) {
  for (const bool stream : {false, true}) {
    for (auto* make : {openai_question, ollama_question}) {
      questions.push_back(make(question, picture, stream));
      questions.back().answer = answer;
    }
  }
}

// What one line of an answer adds to its text; `failed` where it says an error.
std::string text_in(std::string_view line, bool& failed) {
  constexpr std::string_view kData = "data: ";
  if (line.starts_with(kData)) line.remove_prefix(kData.size());
  if (line.empty() || line.starts_with(':') || line == "[DONE]") return {};
  const Json json = Json::parse(line, nullptr, false);
  failed = failed || !json.is_object() || json.contains("error");
  if (failed) return {};
  if (json.contains("response")) return json["response"].get<std::string>();
  if (!json.contains("choices") || json["choices"].empty()) return {};
  const Json& choice = json["choices"][0];
  const Json said = choice.value(choice.contains("delta") ? "delta" : "message", Json::object());
  return said.contains("content") && said["content"].is_string() ? said["content"].get<std::string>() : "";
}

}  // namespace

std::vector<LoadQuestion> questions_of(const std::filesystem::path& folder) {
  std::vector<LoadQuestion> questions;
  std::ifstream lines(folder / "examples.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const Json example = Json::parse(line);
    const std::string picture = test::base64(test::file_text(folder / example["image"].get<std::string>()));
    add(questions, example["question"], picture, example["answer"]);
  }
  if (questions.empty()) return questions;
  for (const char* text : {"What is this?", "How many bicycles are there?", "Name the object."}) {
    add(questions, text, {}, {});
  }
  return questions;
}

std::string answer_in(const test::Reply& reply) {
  std::string answer;
  bool failed = false;
  std::istringstream lines(reply.body);
  for (std::string line; std::getline(lines, line);) answer += text_in(line, failed);
  return failed ? std::string() : answer;
}

}  // namespace plimsoll::bench
