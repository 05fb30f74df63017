#include "models/hub_listing.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <regex>

#include "models/sha256.h"

namespace plimsoll::models {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kEnding = ".gguf";
constexpr std::string_view kUsualQuantisation = "q8_0";

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lowered;
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

FileToPull sibling_of(const Json& json) {
  FileToPull file{.path = json.at("rfilename").get<std::string>()};
  const auto bytes = json.find("size");
  if (bytes != json.end() && bytes->is_number_unsigned()) file.bytes = bytes->get<std::uint64_t>();
  const auto lfs = json.find("lfs");
  const std::string sha256 = lfs != json.end() && lfs->is_object() ? text_in(*lfs, "sha256") : "";
  if (is_sha256(sha256)) file.sha256 = sha256;
  return file;
}

bool is_split(const std::string& name) {
  static const std::regex part("-[0-9]{5}-of-[0-9]{5}\\.gguf$");
  return std::regex_search(name, part);
}

// "._model.gguf" is a Mac's note beside a file; and what a name becomes here must be one.
bool is_hidden(const std::string& name) {
  return name.starts_with('.') || std::ranges::any_of(name, [](unsigned char c) { return c < ' '; });
}

bool is_vision(const std::string& name) { return name.find("mmproj") != std::string::npos; }

std::vector<FileToPull> those(const HubListing& listing, bool vision) {
  std::vector<FileToPull> files;
  for (const FileToPull& file : listing.files) {
    const std::string name = lower(file_name(file));
    if (!name.ends_with(kEnding) || is_hidden(name) || is_split(name)) continue;
    if (is_vision(name) == vision) files.push_back(file);
  }
  return files;
}

std::vector<FileToPull> of_quantisation(const std::vector<FileToPull>& files, std::string_view quantisation) {
  std::vector<FileToPull> found;
  // Between separators: "f16" is no part of "bf16".
  const std::regex word("(^|[-._])" + std::regex_replace(lower(quantisation), std::regex("[^a-z0-9_]"), ".") +
                        "([-._]|$)");
  for (const FileToPull& file : files) {
    if (std::regex_search(lower(file_name(file)), word)) found.push_back(file);
  }
  return found;
}

std::string names_of(const std::vector<FileToPull>& files) {
  std::string names;
  for (const FileToPull& file : files) names += (names.empty() ? "" : ", ") + file.path;
  return names;
}

Expected<FileToPull> choose_text(const std::vector<FileToPull>& texts, const HubReference& reference) {
  if (texts.empty()) {
    return fail(ErrorCode::not_found,
                reference.repository + ": no language model in one .gguf file; name another repository");
  }
  const std::string there = "; there is " + names_of(texts);
  if (reference.file.empty()) {
    if (texts.size() == 1) return texts.front();
    auto usual = of_quantisation(texts, kUsualQuantisation);
    if (usual.size() == 1) return usual.front();
    return fail(ErrorCode::invalid_argument,
                reference.repository + ": say which, as hf:" + reference.repository + ":FILE" + there);
  }
  const auto named = std::ranges::find(texts, reference.file, &FileToPull::path);
  if (named != texts.end()) return *named;
  auto found = of_quantisation(texts, reference.file);
  if (found.size() == 1) return found.front();
  return fail(ErrorCode::not_found, reference.repository + ": no language model " + reference.file + there);
}

std::optional<FileToPull> choose_vision(const std::vector<FileToPull>& visions) {
  constexpr std::array<std::string_view, 4> kPreferred{kUsualQuantisation, "f16", "bf16", "f32"};
  for (const std::string_view quantisation : kPreferred) {
    if (auto found = of_quantisation(visions, quantisation); !found.empty()) return found.front();
  }
  return visions.empty() ? std::nullopt : std::optional(visions.front());
}

}  // namespace

Expected<HubListing> parse_listing(std::string_view text) {
  HubListing listing;
  try {
    const Json json = Json::parse(text);
    const auto& siblings = json.at("siblings");
    listing.revision = text_in(json, "sha");
    if (listing.revision.empty()) listing.revision = "main";
    for (const Json& sibling : siblings) listing.files.push_back(sibling_of(sibling));
  } catch (const std::exception&) {
    return fail(ErrorCode::invalid_argument, "the answer is not a list of files; check HF_ENDPOINT");
  }
  return listing;
}

Expected<ModelToPull> choose_files(const HubListing& listing, const HubReference& reference) {
  auto text = choose_text(those(listing, false), reference);
  if (!text) return tl::unexpected(text.error());
  const std::string name = file_name(*text);
  return ModelToPull{.name = name.substr(0, name.size() - kEnding.size()),
                     .repository = reference.repository,
                     .revision = listing.revision,
                     .text = *text,
                     .vision = choose_vision(those(listing, true))};
}

}  // namespace plimsoll::models
