#include <spdlog/fmt/fmt.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/model_folders.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/pull_view.h"
#include "models/catalogue.h"
#include "models/hub_request.h"
#include "models/pull.h"
#include "plimsoll/cancel.h"
#include "plimsoll/evaluator.h"

namespace plimsoll::cli {

namespace {

using How = models::PulledFile::How;

Expected<models::ModelToPull> named_in_catalogue(const std::string& name) {
  const auto catalogue = models::read_catalogue(model_search_paths());
  if (!catalogue) return tl::unexpected(catalogue.error());
  if (const auto* found = models::find_in(*catalogue, name)) return found->files;
  return fail(ErrorCode::not_found, name +
                                        ": not in the catalogue; plimsoll models lists the names, and "
                                        "hf:OWNER/REPO takes any repository of Hugging Face");
}

Expected<models::ModelToPull> named_on_hub(const std::string& text, const models::PullSettings& settings,
                                           const CancelFlag& cancel) {
  const auto reference = models::parse_hub_reference(text);
  if (!reference) return tl::unexpected(reference.error());
  const auto listing = models::fetch_listing(settings.hub, reference->repository, settings.download, cancel);
  if (!listing) return tl::unexpected(listing.error());
  return models::choose_files(*listing, *reference);
}

Expected<models::PullSettings> settings_for(const PullOptions& options) {
  const Environment environment = process_environment();
  const auto folders = pulled_model_folders(environment);
  if (folders.empty()) {
    return fail(ErrorCode::invalid_argument,
                "no home folder to keep models in; set PLIMSOLL_MODELS to a folder of yours");
  }
  models::PullSettings settings{.models = folders.front(),
                                .hub = models::hub_of(environment),
                                .caches = models::OtherCaches(environment)};
  settings.download.stall = std::chrono::seconds(options.stall_seconds);
  settings.download.tries = options.tries;
  settings.download.check = check_model_file;
  return settings;
}

Expected<models::PulledModel> pull_what_was_named(const PullOptions& options,
                                                  const models::PullSettings& settings,
                                                  const CancelFlag& cancel) {
  auto model = models::is_hub_reference(options.what) ? named_on_hub(options.what, settings, cancel)
                                                      : named_in_catalogue(options.what);
  if (!model) return tl::unexpected(model.error());
  if (!options.name.empty()) model->name = options.name;
  if (!model->vision) {
    std::fprintf(stderr, "plimsoll: %s has no vision encoder; it can be asked without pictures only\n",
                 model->repository.c_str());
  }
  return models::pull(*model, settings, cancel);
}

std::string how_text(const models::PulledFile& file) {
  switch (file.how) {
    case How::downloaded:
      return "fetched";
    case How::was_here:
      return "was here already";
    case How::linked:
      return "used where it lies in the cache of " + file.program + ", " + file.found.string();
  }
  return {};
}

std::string pulled_text(const models::PulledModel& model) {
  std::string text;
  for (const auto& file : model.files) {
    text += fmt::format("  {:<48} {:>10}   {}\n", file.path.filename().string(), format_size(file.bytes),
                        how_text(file));
  }
  return fmt::format("{} is in {}\n{}Ask it: plimsoll run --model {} --image FILE PROMPT\n", model.name,
                     model.folder.string(), text, model.name);
}

std::string pulled_json(const models::PulledModel& model) {
  using Json = nlohmann::ordered_json;
  Json files = Json::array();
  for (const auto& file : model.files) {
    files.push_back({{"path", file.path.string()},
                     {"bytes", file.bytes},
                     {"how", file.how == How::downloaded ? "downloaded"
                             : file.how == How::linked   ? "linked"
                                                         : "was_here"},
                     {"found", file.how == How::linked ? Json(file.found.string()) : Json(nullptr)}});
  }
  const Json json{{"model", model.name}, {"folder", model.folder.string()}, {"files", files}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int pull_command(const PullOptions& options, Interrupt& interrupt) {
  CancelFlag cancel;
  interrupt.call([&cancel] { cancel.cancel(); });
  PullView view;
  auto settings = settings_for(options);
  if (!settings) return report_error(settings.error(), options.json);
  settings->download.on_progress = [&view](const models::DownloadProgress& progress) {
    view.show(progress, std::chrono::steady_clock::now());
  };
  auto pulled = pull_what_was_named(options, *settings, cancel);
  view.clear();
  interrupt.call({});
  if (!pulled && pulled.error().code == ErrorCode::cancelled) {
    pulled.error().message = "stopped; what has come is kept, and the same command goes on from there";
  }
  if (!pulled) return report_error(pulled.error(), options.json);
  std::cout << (options.json ? pulled_json(*pulled) : pulled_text(*pulled)) << std::flush;
  return static_cast<int>(ExitCode::ok);
}

}  // namespace plimsoll::cli
