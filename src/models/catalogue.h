// The models that `plimsoll pull NAME` knows: models/catalogue.json. Plain values.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/model_to_pull.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

struct CatalogueModel {
  ModelToPull files;
  std::string title;    // for people
  std::string licence;  // SPDX where there is one
  // Device classes whose plan fits, as the planner found with weights of these shapes; empty where the shapes
  // are not known here. `fits_known` tells the two kinds of empty apart.
  std::vector<std::string> fits{};
  bool fits_known = false;
  std::vector<std::string> streams{};  // of those, where layers are read from the file for every token
};

/// Fails with `invalid_argument`: not JSON, a field that is missing or of another kind, a hash that is none.
Expected<std::vector<CatalogueModel>> parse_catalogue(std::string_view json);

/// The first catalogue.json in `folders`. Fails with `not_found`, `io`, or as parse_catalogue() does.
Expected<std::vector<CatalogueModel>> read_catalogue(const std::vector<std::filesystem::path>& folders);

/// Null where there is no model of that name. Letters of either case.
const CatalogueModel* find_in(const std::vector<CatalogueModel>& catalogue, std::string_view name);

}  // namespace plimsoll::models
