// What a repository of the hub holds, and which two of its files make a model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/hub.h"
#include "models/model_to_pull.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

struct HubListing {
  std::string revision;  // the commit that was listed; "main" where the hub does not say
  std::vector<FileToPull> files;
};

/// The hub's answer to listing_url(). Fails with `invalid_argument`.
Expected<HubListing> parse_listing(std::string_view json);

/// The language model that `reference` names (without a name: the only one, else the Q8_0) and a vision
/// encoder (Q8_0 before f16 before others; none where the repository has none). The model's name is the
/// text file's, without its ending. Fails with `not_found` or `invalid_argument`, and says what there is.
Expected<ModelToPull> choose_files(const HubListing& listing, const HubReference& reference);

}  // namespace plimsoll::models
