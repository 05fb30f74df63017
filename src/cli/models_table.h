// The models that are here and those that can be pulled, as a person reads them and as JSON.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/catalogue.h"
#include "models/models_here.h"
#include "models/other_caches.h"

namespace plimsoll::cli {

struct ModelsOverview {
  std::vector<models::ModelHere> here{};
  std::vector<models::CatalogueModel> catalogue{};
  std::vector<models::FoundFile> found{};               // in other programs' caches
  std::vector<std::filesystem::path> pulled_folders{};  // the first is where a pull goes
};

/// Of the catalogue, not here; `program` has both of its files, or is empty.
struct ToPull {
  const models::CatalogueModel* model;
  std::string program{};
};
std::vector<ToPull> still_to_pull(const ModelsOverview& overview);

std::string models_table(const ModelsOverview& overview);
std::string models_json(const ModelsOverview& overview);

}  // namespace plimsoll::cli
