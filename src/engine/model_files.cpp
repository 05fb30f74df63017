#include "engine/model_files.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "base/model_folders.h"
#include "engine/engine_log.h"
#include "engine/gguf_header.h"
#include "plimsoll/evaluator.h"

namespace plimsoll {

namespace fs = std::filesystem;

namespace engine {

namespace {

constexpr std::string_view kVisionArchitecture = "clip";

}  // namespace

int tokens_of_tile(const ModelFileSummary& file) {
  constexpr int kUnknown = 576;
  constexpr int kMostOfASide = 1024;  // no encoder comes near it: the file says nonsense
  if (file.image_tile <= 0 || file.image_patch <= 0) return kUnknown;
  const int side = file.image_tile / file.image_patch / std::max(file.image_shuffle, 1);
  return side >= 1 && side <= kMostOfASide ? side * side : kUnknown;
}

Expected<ModelFileSummary> read_model_file(const fs::path& path) {
  capture_engine_log();
  auto file = GgufHeader::read(path);
  if (!file) return tl::unexpected(file.error());

  ModelFileSummary summary{.architecture = file->text("general.architecture"),
                           .name = file->text("general.name")};
  summary.image_longest_edge = file->number("clip.vision.preproc_image_size");
  summary.image_tile = file->number("clip.vision.image_size");
  summary.image_patch = file->number("clip.vision.patch_size");
  summary.image_shuffle = file->number("clip.vision.projector.scale_factor");
  summary.image_before_lone_overview = file->text("plimsoll.vision.before_lone_overview");

  constexpr std::uint64_t kAlignment = 64;  // of the governed device's buffers
  std::uint64_t data_end = 0;
  for (int64_t i = 0; i < gguf_get_n_tensors(file->get()); ++i) {
    const std::uint64_t size = gguf_get_tensor_size(file->get(), i);
    data_end = std::max(data_end, gguf_get_tensor_offset(file->get(), i) + size);
    summary.tensor_bytes += (size + kAlignment - 1) / kAlignment * kAlignment;
  }
  for (ggml_tensor* t = ggml_get_first_tensor(file->tensors()); t != nullptr;
       t = ggml_get_next_tensor(file->tensors(), t)) {
    summary.parameters += static_cast<std::uint64_t>(ggml_nelements(t));
  }
  std::error_code error;
  if (gguf_get_data_offset(file->get()) + data_end > fs::file_size(path, error)) {
    return tl::unexpected(cut_short_error(path));
  }
  return summary;
}

namespace {

// The one GGUF of a kind in a folder; an error when there are two to choose from.
Expected<void> place(const fs::path& path, const ModelFileSummary& summary, ModelFiles& model) {
  fs::path& slot = summary.architecture == kVisionArchitecture ? model.vision : model.text;
  if (!slot.empty()) {
    return fail(ErrorCode::invalid_argument, path.parent_path().string() + ": " + slot.filename().string() +
                                                 " and " + path.filename().string() +
                                                 " both fit; name the one you mean instead of the folder");
  }
  slot = path;
  return {};
}

std::optional<std::string> read_system_prompt(const fs::path& folder) {
  std::ifstream file(folder / "system-prompt.txt");
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  std::string prompt = text.str();
  prompt.erase(prompt.find_last_not_of(" \t\r\n") + 1);
  return prompt;
}

// What a pull leaves when it is interrupted, or another program when it empties its cache.
Expected<void> check_pulled(const fs::path& folder) {
  if (!fs::exists(folder / "origin.json")) return {};
  const std::string again = "; the plimsoll pull that began it goes on with it";
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".part") {
      return fail(ErrorCode::not_found, folder.string() + ": not all of the model is here yet" + again);
    }
    if (entry.path().extension() == ".gguf" && !entry.exists()) {
      return fail(ErrorCode::not_found, entry.path().string() + ": links to " +
                                            fs::read_symlink(entry.path()).string() + ", which is gone" +
                                            again);
    }
  }
  return {};
}

Expected<ModelFiles> find_in_folder(const fs::path& folder) {
  if (auto whole = check_pulled(folder); !whole) return tl::unexpected(whole.error());
  ModelFiles model{.name = fs::canonical(folder).filename().string(),
                   .system_prompt = read_system_prompt(folder)};
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    auto summary = read_model_file(entry.path());
    if (!summary) return tl::unexpected(summary.error());
    if (auto placed = place(entry.path(), *summary, model); !placed) return tl::unexpected(placed.error());
  }
  if (model.text.empty()) {
    const bool pulled = fs::exists(folder / "origin.json");
    return fail(ErrorCode::not_found,
                folder.string() + ": no language model (a .gguf file) in this folder" +
                    (pulled ? "; the plimsoll pull that began it goes on with it" : ""));
  }
  return model;
}

Expected<ModelFiles> find_file(const fs::path& path) {
  auto summary = read_model_file(path);
  if (!summary) return tl::unexpected(summary.error());
  if (summary->architecture == kVisionArchitecture) {
    return fail(ErrorCode::invalid_argument, path.string() +
                                                 ": a vision encoder; give the language model as the model "
                                                 "and this file as its mmproj");
  }
  const std::string name = summary->name.empty() ? path.stem().string() : summary->name;
  return ModelFiles{.name = name, .text = path};
}

Expected<ModelFiles> find_anything(const std::string& name_or_path) {
  std::error_code error;
  if (fs::is_directory(name_or_path, error)) return find_in_folder(name_or_path);
  if (fs::exists(name_or_path, error)) return find_file(name_or_path);
  if (name_or_path.find('/') == std::string::npos) {
    for (const fs::path& folder : model_search_paths()) {
      if (fs::is_directory(folder / name_or_path, error)) return find_in_folder(folder / name_or_path);
    }
  }
  return fail(ErrorCode::not_found, name_or_path +
                                        ": no such model here; give a folder, a .gguf file, or a name that "
                                        "plimsoll models lists, which plimsoll pull fetches");
}

}  // namespace

}  // namespace engine

Expected<ModelFiles> find_model(const std::string& name_or_path, const fs::path& vision) {
  try {
    auto model = engine::find_anything(name_or_path);
    if (!model || vision.empty()) return model;
    auto summary = engine::read_model_file(vision);
    if (!summary) return tl::unexpected(summary.error());
    if (summary->architecture != engine::kVisionArchitecture) {
      return fail(ErrorCode::invalid_argument, vision.string() +
                                                   ": not a vision encoder; its architecture is \"" +
                                                   summary->architecture + "\", not \"clip\"");
    }
    model->vision = vision;
    return model;
  } catch (const fs::filesystem_error& error) {
    return fail(ErrorCode::io, error.path1().string() + ": " + error.code().message());
  }
}

Expected<void> check_model_file(const fs::path& path) {
  auto summary = engine::read_model_file(path);
  if (!summary) return tl::unexpected(summary.error());
  return {};
}

std::uint64_t engine::identity(const ModelFiles& files) {
  std::size_t hash = 0;
  const auto mix = [&](std::size_t value) { hash = hash * 1099511628211U + value; };
  for (const auto& path : {files.text, files.vision}) {
    std::error_code error;
    mix(std::hash<std::string>{}(path.string()));
    mix(std::filesystem::file_size(path, error));
    mix(static_cast<std::size_t>(std::filesystem::last_write_time(path, error).time_since_epoch().count()));
  }
  return hash;
}

std::vector<fs::path> model_search_paths() {
  std::vector<fs::path> paths = pulled_model_folders(process_environment());
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) paths.push_back(program.parent_path().parent_path() / "share" / "plimsoll" / "models");
  paths.emplace_back(PLIMSOLL_SOURCE_MODELS);
  return paths;
}

}  // namespace plimsoll
