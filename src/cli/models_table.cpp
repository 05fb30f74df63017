#include "cli/models_table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "plimsoll/size.h"

namespace plimsoll::cli {

namespace {

using Json = nlohmann::ordered_json;
using models::CatalogueModel;
using models::ModelHere;

std::string program_that_has(const std::vector<models::FoundFile>& found, const CatalogueModel& model) {
  const auto has = [&](const std::string& program, const models::FileToPull& file) {
    return std::ranges::any_of(found, [&](const models::FoundFile& candidate) {
      const std::string path = candidate.path.filename().string();
      return candidate.program == program && path.ends_with(models::file_name(file)) &&
             (!file.bytes || candidate.bytes == *file.bytes);
    });
  };
  for (const models::FoundFile& candidate : found) {
    const std::string& program = candidate.program;
    if (has(program, model.files.text) && (!model.files.vision || has(program, *model.files.vision))) {
      return program;
    }
  }
  return {};
}

std::optional<std::uint64_t> bytes_of(const CatalogueModel& model) {
  const auto& [name, repository, revision, text, vision] = model.files;
  if (!text.bytes || (vision && !vision->bytes)) return std::nullopt;
  return *text.bytes + (vision ? *vision->bytes : 0);
}

bool was_pulled(const ModelsOverview& overview, const ModelHere& model) {
  return std::ranges::count(overview.pulled_folders, model.folder.parent_path()) > 0;
}

std::string state_of(const ModelHere& model) {
  return model.lost ? "lost" : model.complete ? "whole" : "part";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

constexpr std::size_t kClasses = 4;

std::string fits_text(const CatalogueModel& model) {
  if (!model.fits_known) return "plimsoll plan tells once it is here";
  if (model.fits.empty()) return "none";
  const std::string slow = model.streams.empty() ? "" : " (slowly: " + joined(model.streams) + ")";
  return (model.fits.size() == kClasses ? "all" : joined(model.fits)) + slow;
}

std::string here_part(const ModelsOverview& overview) {
  std::string text = "Here\n";
  for (const ModelHere& model : overview.here) {
    const std::string note = model.lost       ? "   another program emptied its cache: pull it again"
                             : model.complete ? ""
                                              : "   not all of it: the pull that began it goes on";
    text += fmt::format("  {:<20} {:>10}   {}{}\n", model.name, format_size(model.bytes),
                        model.folder.string(), note);
  }
  return text;
}

std::string to_pull_part(const std::vector<ToPull>& rows, const std::filesystem::path& folder) {
  if (rows.empty()) return {};
  std::string text = "\nTo fetch with plimsoll pull NAME, to " + folder.string() + "\n";
  text += fmt::format("  {:<20} {:>10}   {:<12} {}\n", "NAME", "SIZE", "LICENCE", "FITS DEVICES OF CLASS");
  for (const auto& [model, program] : rows) {
    const auto bytes = bytes_of(*model);
    text += fmt::format("  {:<20} {:>10}   {:<12} {}{}\n", model->files.name,
                        bytes ? format_size(*bytes) : "?", model->licence, fits_text(*model),
                        program.empty() ? "" : "   (in the cache of " + program + ": nothing to fetch)");
  }
  return text;
}

std::string found_part(const std::vector<models::FoundFile>& found) {
  if (found.empty()) return {};
  std::string text = "\nIn the caches of other programs\n";
  for (const models::FoundFile& file : found) {
    text += fmt::format("  {:<12} {:>10}   {}\n", file.program, format_size(file.bytes), file.path.string());
  }
  return text;
}

Json file_json(const models::FileToPull& file) {
  return {{"file", file.path},
          {"bytes", file.bytes ? Json(*file.bytes) : Json(nullptr)},
          {"sha256", file.sha256.empty() ? Json(nullptr) : Json(file.sha256)}};
}

}  // namespace

std::vector<ToPull> still_to_pull(const ModelsOverview& overview) {
  std::vector<ToPull> rows;
  for (const CatalogueModel& model : overview.catalogue) {
    if (std::ranges::count(overview.here, model.files.name, &ModelHere::name) > 0) continue;
    rows.push_back({&model, program_that_has(overview.found, model)});
  }
  return rows;
}

std::string models_table(const ModelsOverview& overview) {
  const auto folder = overview.pulled_folders.empty() ? std::filesystem::path("$PLIMSOLL_MODELS")
                                                      : overview.pulled_folders.front();
  return here_part(overview) + to_pull_part(still_to_pull(overview), folder) + found_part(overview.found) +
         "\nAny other: plimsoll pull hf:OWNER/REPO\n";
}

std::string models_json(const ModelsOverview& overview) {
  Json json{{"here", Json::array()}, {"to_pull", Json::array()}, {"found", Json::array()}};
  for (const ModelHere& model : overview.here) {
    json["here"].push_back({{"name", model.name},
                            {"folder", model.folder.string()},
                            {"bytes", model.bytes},
                            {"pulled", was_pulled(overview, model)},
                            {"repository", model.repository.empty() ? Json(nullptr) : Json(model.repository)},
                            {"state", state_of(model)}});
  }
  for (const auto& [model, program] : still_to_pull(overview)) {
    const auto bytes = bytes_of(*model);
    json["to_pull"].push_back(
        {{"name", model->files.name},
         {"title", model->title},
         {"repository", model->files.repository},
         {"revision", model->files.revision},
         {"licence", model->licence},
         {"bytes", bytes ? Json(*bytes) : Json(nullptr)},
         {"fits", model->fits_known ? Json(model->fits) : Json(nullptr)},
         {"streams", model->fits_known ? Json(model->streams) : Json(nullptr)},
         {"text", file_json(model->files.text)},
         {"vision", model->files.vision ? file_json(*model->files.vision) : Json(nullptr)},
         {"in_cache_of", program.empty() ? Json(nullptr) : Json(program)}});
  }
  for (const models::FoundFile& file : overview.found) {
    json["found"].push_back(
        {{"program", file.program},
         {"path", file.path.string()},
         {"bytes", file.bytes},
         {"repository", file.repository.empty() ? Json(nullptr) : Json(file.repository)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace plimsoll::cli
