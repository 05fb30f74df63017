#include "models/catalogue.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "models/sha256.h"

namespace plimsoll::models {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

FileToPull file_of(const Json& json) {
  FileToPull file{.path = json.at("file")};
  if (!json.at("bytes").is_null()) file.bytes = json.at("bytes").get<std::uint64_t>();
  if (!json.at("sha256").is_null()) {
    file.sha256 = json.at("sha256");
    if (!is_sha256(file.sha256)) throw std::invalid_argument(file.path + ": that is no SHA-256");
  }
  return file;
}

CatalogueModel model_of(const Json& json) {
  CatalogueModel model{.files = {.name = json.at("name"),
                                 .repository = json.at("repository"),
                                 .revision = json.at("revision").is_null() ? "main" : json.at("revision"),
                                 .text = file_of(json.at("text"))},
                       .title = json.at("title"),
                       .licence = json.at("licence")};
  if (!json.at("vision").is_null()) model.files.vision = file_of(json.at("vision"));
  model.fits_known = !json.at("fits").is_null();
  if (model.fits_known) {
    model.fits = json.at("fits").get<std::vector<std::string>>();
    model.streams = json.at("streams").get<std::vector<std::string>>();
  }
  return model;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Expected<std::vector<CatalogueModel>> parse_catalogue(std::string_view text) {
  std::vector<CatalogueModel> catalogue;
  try {
    const Json json = Json::parse(text);
    for (const Json& model : json.at("models")) catalogue.push_back(model_of(model));
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid_argument, std::string("not a catalogue of models: ") + error.what());
  }
  return catalogue;
}

Expected<std::vector<CatalogueModel>> read_catalogue(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    const fs::path path = folder / "catalogue.json";
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return fail(ErrorCode::io, path.string() + ": cannot be read");
    auto catalogue = parse_catalogue(text.str());
    if (!catalogue) catalogue.error().message.insert(0, path.string() + ": ");
    return catalogue;
  }
  return fail(ErrorCode::not_found,
              "no catalogue.json beside the bundled models; name a repository instead: "
              "plimsoll pull hf:OWNER/REPO");
}

const CatalogueModel* find_in(const std::vector<CatalogueModel>& catalogue, std::string_view name) {
  const auto same = [name](const CatalogueModel& model) {
    return std::ranges::equal(model.files.name, name, {}, lower, lower);
  };
  const auto found = std::ranges::find_if(catalogue, same);
  return found == catalogue.end() ? nullptr : &*found;
}

}  // namespace plimsoll::models
